import { createHash } from "node:crypto";
import { EventEmitter } from "node:events";

import { messageOf } from "../../errors.js";
import { type CheckpointStore, createMemoryCheckpoints } from "./checkpoint-store.js";
import { type Clock, systemClock } from "./clock.js";
import type {
  EventSourceMapping,
  EventSourceMappingOptions,
  MappingState,
} from "./create-event-source-mapping.js";
import type { Discarded } from "./deliver.js";
import type { EventMatcher } from "./filter-pattern.js";
import { createFunction, type LocalFunction } from "./invoke.js";
import { lastProcessingResult, NO_RECORDS_PROCESSED } from "./last-processing-result.js";
import type { MappingEvents } from "./mapping-events.js";
import type { MappingSettings } from "./settings.js";
import {
  type ShardPosition,
  type ShardPositions,
  shardsPassedOver,
  shardsToRead,
} from "./shard-graph.js";
import { type ShardWork, workShard } from "./shard-worker.js";
import { describeShards, errorName, openShard, type ShardReader } from "./stream-reader.js";

/** How often the stream is asked for shards that are new; AWS allows ten calls a second. */
const DISCOVERY_INTERVAL_MS = 5_000;
const THROTTLED_DELAY_MS = 200;
const THROTTLED = new Set(["LimitExceededException", "ThrottlingException"]);
/** AWS advises against more readers of one shard: they throttle each other. */
const MOST_READERS = 2;
/** How many mappings of this process read a stream, by its ARN. */
const readers = new Map<string, number>();

/** What exists while a mapping is enabled. */
interface Run {
  readonly stopping: AbortController;
  readonly workers: Map<string, Promise<void>>;
  discovery: Promise<void>;
}

/** A mapping; it does nothing until it is enabled. */
export class RunningMapping implements EventSourceMapping {
  readonly streamArn: string;
  readonly functionName: string;
  readonly uuid: string;
  readonly events = new EventEmitter<MappingEvents>();
  state: MappingState = "Creating";
  lastProcessingResult = NO_RECORDS_PROCESSED;
  readonly #name: string;
  readonly #region: string;
  readonly #clock: Clock;
  readonly #function: LocalFunction;
  readonly #checkpoints: CheckpointStore;
  readonly #caughtUp = new Map<string, number | undefined>();
  #positions: ShardPositions = {};
  #saving: Promise<void> = Promise.resolve();
  #run: Run | undefined;

  constructor(
    readonly options: EventSourceMappingOptions,
    readonly settings: MappingSettings,
    readonly matchers: readonly EventMatcher[],
  ) {
    this.streamArn = options.streamArn;
    this.functionName = options.functionName ?? "function";
    this.#name = `${this.functionName} ${options.streamArn}`;
    this.uuid = uuidOf(this.#name);
    this.#clock = options.clock ?? systemClock;
    this.#checkpoints = options.checkpoints ?? createMemoryCheckpoints();
    const [, , , streamRegion = "", accountId = ""] = options.streamArn.split(":");
    this.#region = options.region ?? (streamRegion === "ddblocal" ? "us-east-1" : streamRegion);
    const { handler, qualifier, functionVersion, timeoutSeconds, memoryLimitInMB } = options;
    const settingsOfFunction = {
      startContainer: () => handler,
      functionName: this.functionName,
      ...(qualifier !== undefined && { qualifier }),
      version: functionVersion ?? "$LATEST",
      region: this.#region,
      accountId,
      timeoutSeconds: timeoutSeconds ?? 3,
      memoryLimitInMB: memoryLimitInMB ?? 1024,
    };
    this.#function = createFunction(settingsOfFunction, this.#clock);
    this.events.on("invoked", ({ outcome }) => {
      this.lastProcessingResult = lastProcessingResult(outcome);
    });
  }

  async enable(): Promise<void> {
    if (this.#run) return;
    if (this.state === "Disabled") this.state = "Enabling";
    const run: Run = {
      stopping: new AbortController(),
      workers: new Map(),
      discovery: Promise.resolve(),
    };
    this.#run = run;
    try {
      this.#positions = await this.#checkpoints.load(this.#name);
      await this.#discover(run, this.settings.startingPosition);
    } catch (thrown) {
      await this.disable();
      throw thrown;
    }
    run.discovery = this.#keepDiscovering(run);
    this.state = "Enabled";
    this.#countReader(1);
  }

  async disable(): Promise<void> {
    const run = this.#run;
    if (run) {
      if (this.state === "Enabled") this.#countReader(-1);
      this.state = "Disabling";
      run.stopping.abort();
      await run.discovery;
      await Promise.all(run.workers.values());
      await this.#saving;
      this.#run = undefined;
    }
    this.state = "Disabled";
  }

  stop(): Promise<void> {
    return this.disable();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  caughtUpAtMs(): number | undefined {
    const times = [...this.#caughtUp.values()];
    const known = times.filter((time) => time !== undefined);
    return known.length < times.length ? undefined : Math.min(...known);
  }

  #countReader(more: 1 | -1): void {
    const count = (readers.get(this.streamArn) ?? 0) + more;
    readers.set(this.streamArn, count);
    if (more < 0 || count <= MOST_READERS) return;
    const message = `${count} mappings read ${this.streamArn}; with more than ${MOST_READERS} a shard, AWS throttles them all`;
    // Whoever created the mapping listens from the next turn on.
    setImmediate(() => void this.events.emit("warning", { message }));
  }

  /** Saves one position after the other, each with all that are known then. */
  #save(shardId: string, position: ShardPosition): Promise<void> {
    this.#positions = { ...this.#positions, [shardId]: position };
    const saved = this.#saving.then(() => this.#checkpoints.save(this.#name, this.#positions));
    this.#saving = saved.catch(() => undefined);
    return saved;
  }

  /** Looks for shards and starts to read those whose turn it is. */
  async #discover(run: Run, startingPosition: MappingSettings["startingPosition"]): Promise<void> {
    const { streams, streamArn } = this.options;
    const { signal } = run.stopping;
    const shards = await this.#untilNotThrottled(signal, () => describeShards(streams, streamArn));
    const isNew = Object.keys(this.#positions).length === 0;
    const reads = shardsToRead(shards, this.#positions, startingPosition);
    if (isNew && startingPosition === "LATEST") {
      for (const shardId of shardsPassedOver(shards, reads))
        await this.#save(shardId, { type: "SHARD_END" });
    }
    for (const [shardId, position] of reads) {
      if (!signal.aborted && !run.workers.has(shardId))
        await this.#startWorker(run, shardId, position);
    }
  }

  async #untilNotThrottled<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (thrown) {
        if (signal.aborted || !THROTTLED.has(errorName(thrown))) throw thrown;
        await this.#clock.sleep(THROTTLED_DELAY_MS, signal);
      }
    }
  }

  async #keepDiscovering(run: Run): Promise<void> {
    const { signal } = run.stopping;
    for (;;) {
      await this.#clock.sleep(DISCOVERY_INTERVAL_MS, signal);
      if (signal.aborted) return;
      // A shard that is new by now begins where its parent ends, at LATEST too.
      await this.#discover(run, "TRIM_HORIZON").catch((cause: unknown) => {
        const message = `looking for shards: ${messageOf(cause)}; trying again`;
        this.events.emit("warning", { message, cause });
      });
    }
  }

  async #startWorker(run: Run, shardId: string, start: ShardPosition): Promise<void> {
    const { streams, streamArn } = this.options;
    const onGap = (message: string) => void this.events.emit("warning", { message });
    const reader = openShard(streams, { streamArn, shardId }, start, onGap, () =>
      this.#clock.nowMs(),
    );
    // At LATEST the place in the stream is taken, and kept, before the mapping counts as enabled.
    if (start.type === "LATEST" && start.sinceMs === undefined) {
      const place = await this.#untilNotThrottled(run.stopping.signal, () => reader.open());
      await this.#save(shardId, place);
    }
    this.#caughtUp.set(shardId, undefined);
    run.workers.set(shardId, this.#work(run, this.#workOn(run, shardId, start, reader)));
  }

  /** Works a shard to its end and looks for its children; a worker that fails is started again at the next discovery. */
  async #work(run: Run, work: ShardWork): Promise<void> {
    const { shardId } = work;
    try {
      if (!(await workShard(work))) return;
      await this.#save(shardId, { type: "SHARD_END" });
      this.#caughtUp.delete(shardId);
      this.events.emit("shardEnd", { shardId });
      await this.#discover(run, "TRIM_HORIZON");
    } catch (cause) {
      run.workers.delete(shardId);
      const message = `shard ${shardId}: ${messageOf(cause)}; going on shortly`;
      this.events.emit("warning", { message, cause });
    }
  }

  #workOn(run: Run, shardId: string, start: ShardPosition, reader: ShardReader): ShardWork {
    const { streamArn, settings, events, matchers } = this;
    return {
      ...{ shardId, streamArn, settings, events, start, reader },
      function: this.#function,
      region: this.#region,
      clock: this.#clock,
      signal: run.stopping.signal,
      accepts: ({ record }) => matchers.length === 0 || matchers.some((matches) => matches(record)),
      saveProgress: (progress) => this.#save(shardId, progress),
      onDiscard: (discarded) => this.#tellOfDiscard(discarded),
      onCaughtUp: (atMs) => void this.#caughtUp.set(shardId, atMs),
      onReadTrouble: (cause) => this.#noteAccess(cause),
    };
  }

  /** A mapping that may not read its stream stays enabled, and says so in its last result until it may again. */
  #noteAccess(cause: unknown): void {
    if (errorName(cause) === "AccessDeniedException")
      this.lastProcessingResult = `PROBLEM: ${messageOf(cause)}`;
  }

  /** Tells the failure destination, if there is one; where that fails, the records are dropped all the same. */
  async #tellOfDiscard({ shardId, attempt, condition, thrown, payload, call }: Discarded) {
    const { onFailure, streamArn } = this.options;
    if (!onFailure) return;
    const failure = {
      ...{ condition, thrown, payload, shardId, streamArn },
      requestId: attempt.requestId,
      functionArn: this.#function.arn,
      executedVersion: this.#function.version,
      invocations: attempt.invocations,
      atMs: this.#clock.nowMs(),
      mappingUuid: this.uuid,
      records: attempt.records.map(({ record }) => record),
      ...(call && { call }),
    };
    await onFailure.send(failure).catch((cause: unknown) => {
      const message = `failure destination: ${messageOf(cause)}; ${attempt.records.length} records are dropped`;
      this.events.emit("warning", { message, cause });
    });
  }
}

/** A UUID that follows from a name. */
function uuidOf(name: string): string {
  const digits = createHash("sha256").update(name).digest("hex");
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `5${digits.slice(13, 16)}`];
  return [...parts, `a${digits.slice(17, 20)}`, digits.slice(20, 32)].join("-");
}
