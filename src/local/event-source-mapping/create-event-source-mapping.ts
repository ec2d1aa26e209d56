import type { EventEmitter } from "node:events";

import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { configurationError, messageOf } from "../../errors.js";
import type { CheckpointStore } from "./checkpoint-store.js";
import type { Clock } from "./clock.js";
import type { FailureDestination } from "./failure-destination.js";
import { compilePattern, type EventMatcher } from "./filter-pattern.js";
import type { LambdaHandler } from "./invoke.js";
import type { MappingEvents } from "./mapping-events.js";
import { RunningMapping } from "./running-mapping.js";
import {
  DEFAULT_SETTINGS,
  FILTERED_WINDOWS,
  type MappingSettings,
  settingsMistakes,
} from "./settings.js";

/** What {@link createEventSourceMapping} takes; settings not given have AWS's defaults. */
export interface EventSourceMappingOptions extends Partial<MappingSettings> {
  readonly streamArn: string;
  readonly streams: DynamoDBStreamsClient;
  readonly handler: LambdaHandler;
  readonly functionName?: string;
  /** Version or alias that is mapped; it becomes part of the function's ARN. */
  readonly qualifier?: string;
  /** The version that runs; `$LATEST` where it is not given. */
  readonly functionVersion?: string;
  /** Of the records and the function; by default the stream's own, or `us-east-1` with DynamoDB Local. */
  readonly region?: string;
  /** Seconds an invocation may take; Lambda's own default is 3. */
  readonly timeoutSeconds?: number;
  readonly memoryLimitInMB?: number;
  /** Whether to read at once; `true` where it is not given. */
  readonly enabled?: boolean;
  /** Where positions are remembered; in memory where it is not given. */
  readonly checkpoints?: CheckpointStore;
  /** Event patterns as JSON texts (FilterCriteria); a record that satisfies one of them reaches the function. */
  readonly filterPatterns?: readonly string[];
  /** Who is told of records that are given up (DestinationConfig.OnFailure). */
  readonly onFailure?: FailureDestination;
  /** Time other than the system's. */
  readonly clock?: Clock;
}

/** What a mapping is doing, in AWS's words. */
export type MappingState = "Creating" | "Enabled" | "Disabling" | "Disabled" | "Enabling";

/** A mapping that exists, and reads its stream while it is enabled. */
export interface EventSourceMapping {
  readonly streamArn: string;
  readonly functionName: string;
  /** Always the same for one function and stream. */
  readonly uuid: string;
  readonly state: MappingState;
  /** What the last invocation came to, in AWS's words. */
  readonly lastProcessingResult: string;
  readonly events: EventEmitter<MappingEvents>;
  /** The time up to which everything in the stream is delivered and settled; `undefined` while records are under way. */
  caughtUpAtMs(): number | undefined;
  /** Goes on after the last record that was settled. */
  enable(): Promise<void>;
  /** Lets the invocations under way end, saves their progress, and reads no more until it is enabled. */
  disable(): Promise<void>;
  /** Lets the invocations under way end, saves their progress, and stops. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Follows a stream and calls a Lambda function with its records, as AWS's event source mapping does.
 *
 * Parents are read before their children, batches of one shard are delivered in order, and a batch is retried, halved
 * or given up by the settings. Positions are saved as batches are settled, so that a mapping of the same function and
 * stream goes on where it stopped.
 *
 * @returns once the mapping is enabled: what is written from then on is delivered, at LATEST too.
 * @throws `configuration` when a setting is out of range, a pattern is none, or the stream does not exist.
 */
export async function createEventSourceMapping(
  options: EventSourceMappingOptions,
): Promise<EventSourceMapping> {
  const settings: MappingSettings = { ...DEFAULT_SETTINGS, ...given(options) };
  const { functionName = "function", filterPatterns = [] } = options;
  const mistakes = settingsMistakes(settings);
  const matchers = filterPatterns.flatMap((pattern): EventMatcher[] => {
    try {
      return [compilePattern(pattern)];
    } catch (thrown) {
      mistakes.push(messageOf(thrown));
      return [];
    }
  });
  if (settings.tumblingWindowInSeconds > 0 && filterPatterns.length > 0)
    mistakes.push(FILTERED_WINDOWS);
  if (mistakes.length > 0)
    throw configurationError(`event source mapping of ${functionName}`, mistakes);
  const mapping = new RunningMapping(options, settings, matchers);
  if (options.enabled ?? true) await mapping.enable();
  else await mapping.disable();
  return mapping;
}

/** The settings among the options, without those left out. */
function given(options: EventSourceMappingOptions): Partial<MappingSettings> {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof MappingSettings)[];
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}
