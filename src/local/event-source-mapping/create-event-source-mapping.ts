import { EventEmitter } from "node:events";

import type { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { configurationError, messageOf } from "../../errors.js";
import { type CheckpointStore, createMemoryCheckpoints } from "./checkpoint-store.js";
import { compilePattern } from "./filter-pattern.js";
import type { LambdaHandler } from "./invoke.js";
import type { MappingEvents } from "./mapping-events.js";
import { DEFAULT_SETTINGS, type MappingSettings, settingsMistakes } from "./settings.js";
import {
  type ShardPosition,
  type ShardPositions,
  shardsPassedOver,
  shardsToRead,
} from "./shard-graph.js";
import { type ShardWork, workShard } from "./shard-worker.js";
import type { MappedRecord } from "./stream-event.js";
import { describeShards, openShard } from "./stream-reader.js";

/** What {@link createEventSourceMapping} takes; settings not given have AWS's defaults. */
export interface EventSourceMappingOptions extends Partial<MappingSettings> {
  readonly streamArn: string;
  readonly streams: DynamoDBStreamsClient;
  readonly handler: LambdaHandler;
  readonly functionName?: string;
  /** Seconds an invocation may take; Lambda's own default is 3. */
  readonly timeoutSeconds?: number;
  readonly memoryLimitInMB?: number;
  /** Where positions are remembered; in memory where it is not given. */
  readonly checkpoints?: CheckpointStore;
  /** Event patterns as JSON texts (FilterCriteria); a record that satisfies one of them reaches the function. */
  readonly filterPatterns?: readonly string[];
}

/** A mapping that runs. */
export interface EventSourceMapping {
  readonly streamArn: string;
  readonly functionName: string;
  readonly events: EventEmitter<MappingEvents>;
  /** The time up to which everything in the stream is delivered and settled; `undefined` while records are under way. */
  caughtUpAtMs(): number | undefined;
  /** Lets the invocations under way end, saves their progress, and stops. */
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How often the stream is asked for shards that are new; AWS allows ten calls a second. */
const DISCOVERY_INTERVAL_MS = 5_000;

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
  const functionName = options.functionName ?? "function";
  const mistakes = settingsMistakes(settings);
  if (mistakes.length > 0)
    throw configurationError(`event source mapping of ${functionName}`, mistakes);
  const mapping = new RunningMapping(options, settings, functionName);
  await mapping.start();
  return mapping;
}

class RunningMapping implements EventSourceMapping {
  readonly streamArn: string;
  readonly events = new EventEmitter<MappingEvents>();
  readonly #name: string;
  readonly #checkpoints: CheckpointStore;
  readonly #accepts: (record: MappedRecord) => boolean;
  readonly #stopping = new AbortController();
  readonly #workers = new Map<string, Promise<void>>();
  readonly #caughtUp = new Map<string, number | undefined>();
  #positions: ShardPositions = {};
  #discovery: Promise<void> = Promise.resolve();

  constructor(
    readonly options: EventSourceMappingOptions,
    readonly settings: MappingSettings,
    readonly functionName: string,
  ) {
    this.streamArn = options.streamArn;
    this.#name = `${functionName} ${options.streamArn}`;
    const patterns = (options.filterPatterns ?? []).map(compilePattern);
    this.#accepts = ({ record }) =>
      patterns.length === 0 || patterns.some((matches) => matches(record));
    this.#checkpoints = options.checkpoints ?? createMemoryCheckpoints();
  }

  async start(): Promise<void> {
    this.#positions = await this.#checkpoints.load(this.#name);
    await this.#discover();
    this.#discovery = this.#keepDiscovering();
  }

  caughtUpAtMs(): number | undefined {
    const times = [...this.#caughtUp.values()];
    const known = times.filter((time) => time !== undefined);
    return known.length < times.length ? undefined : Math.min(...known);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#discovery;
    await Promise.all(this.#workers.values());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  readonly #sleep = (ms: number) => sleepUnless(this.#stopping.signal, ms);

  async #save(shardId: string, position: ShardPosition): Promise<void> {
    this.#positions = { ...this.#positions, [shardId]: position };
    await this.#checkpoints.save(this.#name, this.#positions);
  }

  async #discover(): Promise<void> {
    const { streams, streamArn } = this.options;
    const shards = await describeShards(streams, streamArn);
    const isNew = Object.keys(this.#positions).length === 0;
    const reads = shardsToRead(shards, this.#positions, this.settings.startingPosition);
    if (isNew && this.settings.startingPosition === "LATEST") {
      for (const shardId of shardsPassedOver(shards, reads))
        await this.#save(shardId, { type: "SHARD_END" });
    }
    for (const [shardId, position] of reads)
      if (!this.#workers.has(shardId)) await this.#startWorker(shardId, position);
  }

  async #keepDiscovering(): Promise<void> {
    const { signal } = this.#stopping;
    for (
      await this.#sleep(DISCOVERY_INTERVAL_MS);
      !signal.aborted;
      await this.#sleep(DISCOVERY_INTERVAL_MS)
    ) {
      await this.#discover().catch((cause: unknown) => {
        this.events.emit("warning", {
          message: `looking for shards: ${messageOf(cause)}; trying again`,
          cause,
        });
      });
    }
  }

  async #startWorker(shardId: string, position: ShardPosition): Promise<void> {
    const work = this.#workOn(shardId, position);
    // At LATEST the place in the stream is taken before the mapping counts as enabled.
    if (position.type === "LATEST") await work.reader.open();
    this.#caughtUp.set(shardId, undefined);
    this.#workers.set(shardId, this.#run(shardId, work));
  }

  /** Works a shard to its end and looks for its children; a worker that fails is started again at the next discovery. */
  async #run(shardId: string, work: ShardWork): Promise<void> {
    try {
      if (!(await workShard(work))) return;
      await this.#save(shardId, { type: "SHARD_END" });
      this.#caughtUp.delete(shardId);
      this.events.emit("shardEnd", { shardId });
      await this.#discover();
    } catch (cause) {
      this.#workers.delete(shardId);
      this.events.emit("warning", {
        message: `shard ${shardId}: ${messageOf(cause)}; going on shortly`,
        cause,
      });
    }
  }

  #workOn(shardId: string, position: ShardPosition): ShardWork {
    const {
      streams,
      streamArn,
      handler,
      timeoutSeconds = 3,
      memoryLimitInMB = 1024,
    } = this.options;
    const onGap = (message: string) => void this.events.emit("warning", { message });
    return {
      shardId,
      streamArn,
      settings: this.settings,
      events: this.events,
      sleep: this.#sleep,
      signal: this.#stopping.signal,
      function: { handler, functionName: this.functionName, timeoutSeconds, memoryLimitInMB },
      reader: openShard(streams, { streamArn, shardId }, position, onGap),
      accepts: this.#accepts,
      saveProgress: (progress) => this.#save(shardId, progress),
      onCaughtUp: (atMs) => void this.#caughtUp.set(shardId, atMs),
    };
  }
}

/** The settings among the options, without those left out. */
function given(options: EventSourceMappingOptions): Partial<MappingSettings> {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof MappingSettings)[];
  return Object.fromEntries(
    names.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]),
  );
}

function sleepUnless(signal: AbortSignal, ms: number): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish);
  });
}
