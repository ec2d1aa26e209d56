import type { DynamoDBRecord } from "aws-lambda";

import type { DiscardCondition } from "./batch-machine.js";
import type { InvocationOutcome } from "./response.js";
import type { WindowCall } from "./tumbling-window.js";

/** One invocation of the function. */
export interface InvokedEvent {
  readonly shardId: string;
  readonly requestId: string;
  readonly records: readonly DynamoDBRecord[];
  readonly outcome: InvocationOutcome;
  /** What the function threw, where it did. */
  readonly error?: unknown;
  readonly durationMs: number;
  /** From the newest record of the batch to the end of the invocation; records tell their age in whole seconds. */
  readonly iteratorAgeMs: number;
  /** Where the mapping has tumbling windows: the window, with the state it was called with. */
  readonly call?: WindowCall;
}

/** Records that were given up. */
export interface DiscardedEvent {
  readonly shardId: string;
  readonly records: readonly DynamoDBRecord[];
  readonly condition: DiscardCondition;
  readonly invocations: number;
}

/** What a mapping tells of itself, by event name. */
export interface MappingEvents {
  invoked: [InvokedEvent];
  discarded: [DiscardedEvent];
  /** A shard was read to its end. */
  shardEnd: [{ readonly shardId: string }];
  /** Passing trouble, and gaps; the mapping goes on. */
  warning: [{ readonly message: string; readonly cause?: unknown }];
}
