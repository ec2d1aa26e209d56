import type { StreamRecord } from "../../src/change/decode-record.js";
import {
  type Attempt,
  decide,
  firstAttempt,
} from "../../src/local/event-source-mapping/batch-machine.js";
import {
  type InvocationOutcome,
  readResponse,
} from "../../src/local/event-source-mapping/response.js";
import {
  type ShardPosition,
  shardsToRead,
} from "../../src/local/event-source-mapping/shard-graph.js";
import type { Faults } from "./faults.js";
import type { Settings } from "./plan.js";
import type { Process } from "./process-under-fault.js";
import type { Random } from "./random.js";
import type { Shard, SourceTable, Stream } from "./source-table.js";
import type { VirtualClock } from "./virtual-clock.js";

/** A container of a Lambda function: a process, and the function it runs. */
export interface Container {
  readonly process: Process;
  invoke(records: readonly StreamRecord[]): Promise<unknown>;
  /** Whether a newer version of the function was deployed since it started. */
  isOutdated(): boolean;
}

/** What an event source mapping maps, and how. */
export interface MappingOptions {
  readonly name: string;
  readonly source: SourceTable;
  readonly startContainer: () => Container;
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly random: Random;
  readonly settings: Pick<Settings, "largestBatch" | "batchWindowMs" | "bisect">;
  readonly shardsAsSeen: (shards: readonly Shard[]) => readonly Shard[];
  /** Whether a stream is read to its end before the one that was created after it. */
  readonly oldStreamFirst: boolean;
  /** Whether a batch waits for what an earlier one of its shard still has under way. */
  readonly waitsForLateWrites: boolean;
  readonly log: (line: () => string) => void;
}

/** An event source mapping in virtual time: it decides as the real one does, by the same functions. */
export interface Mapping {
  /** Whether every record there is was delivered, and nothing is under way. */
  isIdle(): boolean;
  /** Dies with everything it runs, and goes on from its checkpoints. */
  restart(): void;
  /** Forgets its checkpoints, as a mapping that is created anew does. */
  startOver(): void;
  /** Dies for good. */
  stop(): void;
}

const BUDGET = { maximumRetryAttempts: -1 };

/** Starts a mapping. */
export function startMapping(options: MappingOptions): Mapping {
  const { source, name, log } = options;
  let positions = new Map<string, Record<string, ShardPosition>>();
  /** Workers of an earlier life see that theirs is over, and stop. */
  let life = { over: false, containers: new Set<Container>() };
  let reading = new Set<string>();
  let delivering = 0;

  function readableShards(): {
    readonly stream: Stream;
    readonly shard: Shard;
    readonly index: number;
  }[] {
    const found = [];
    for (const stream of source.streams) {
      const known = positions.get(stream.label) ?? {};
      const reads = shardsToRead(options.shardsAsSeen(stream.shards), known, "TRIM_HORIZON");
      for (const [shardId, position] of reads) {
        const shard = stream.shards.find((each) => each.shardId === shardId)!;
        found.push({ stream, shard, index: indexAfter(shard, position) });
      }
      if (options.oldStreamFirst && !isRead(stream)) break;
    }
    return found;
  }

  function isRead(stream: Stream): boolean {
    const known = positions.get(stream.label) ?? {};
    return (
      stream.closed && stream.shards.every(({ shardId }) => known[shardId]?.type === "SHARD_END")
    );
  }

  function save(stream: Stream, shard: Shard, position: ShardPosition): void {
    positions.set(stream.label, { ...positions.get(stream.label), [shard.shardId]: position });
  }

  function isUpToDate({ label, shards }: Stream): boolean {
    const known = positions.get(label) ?? {};
    return shards.every((shard) => {
      const position = known[shard.shardId] ?? { type: "TRIM_HORIZON" };
      if (shard.closed || position.type === "SHARD_END") return position.type === "SHARD_END";
      return indexAfter(shard, position) === shard.records.length;
    });
  }

  async function supervise(own: typeof life): Promise<void> {
    while (!own.over) {
      const found = readableShards().filter(({ shard }) => !reading.has(shard.shardId));
      for (const { stream, shard, index } of found) {
        reading.add(shard.shardId);
        void work(own, stream, shard, index);
      }
      // One that was begun may have ended at once, and made room for others.
      if (found.length === 0) await source.changed();
    }
  }

  async function work(
    own: typeof life,
    stream: Stream,
    shard: Shard,
    start: number,
  ): Promise<void> {
    const worker = createWorker(options, own);
    let index = start;
    for (;;) {
      const size = 1 + options.random.below(options.settings.largestBatch);
      const records = shard.records.slice(index, index + size);
      if (own.over) return;
      if (records.length === 0) {
        if (shard.closed) break;
        await source.changed();
        await options.clock.sleep(options.random.below(options.settings.batchWindowMs));
        continue;
      }
      const saved = (count: number) => {
        if (!own.over) save(stream, shard, after(shard, index + count));
      };
      delivering++;
      await worker.deliver(shard, records, saved);
      if (own.over) return;
      delivering--;
      index = worker.goBack(index + records.length);
      save(stream, shard, after(shard, index));
    }
    save(stream, shard, { type: "SHARD_END" });
    reading.delete(shard.shardId);
    log(() => `${name} ${shard.shardId}: read to its end`);
    // What follows may have been waiting for this shard.
    source.nudge();
  }

  function end(): void {
    life.over = true;
    for (const { process } of life.containers) process.kill();
  }

  async function begin(): Promise<void> {
    end();
    const { containers } = life;
    const own = { over: false, containers: new Set<Container>() };
    life = own;
    reading = new Set();
    delivering = 0;
    if (options.waitsForLateWrites)
      await Promise.all([...containers].map(({ process }) => process.landed()));
    await supervise(own);
  }

  void supervise(life);
  return {
    isIdle: () => delivering === 0 && source.streams.every(isUpToDate),
    restart: () => void begin(),
    stop: end,
    startOver() {
      positions = new Map();
      void begin();
    },
  };
}

function after(shard: Shard, index: number): ShardPosition {
  const sequenceNumber = shard.records[index - 1]?.dynamodb?.SequenceNumber;
  return sequenceNumber === undefined
    ? { type: "TRIM_HORIZON" }
    : { type: "AFTER", sequenceNumber };
}

function indexAfter(shard: Shard, position: ShardPosition): number {
  if (position.type !== "AFTER") return 0;
  return (
    1 +
    shard.records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === position.sequenceNumber)
  );
}

/** Delivers the batches of one shard, in a container that lives as long as nothing ends it. */
function createWorker(
  options: MappingOptions,
  life: { over: boolean; containers: Set<Container> },
) {
  const { clock, faults, random, settings, log, name } = options;
  let container: Container | undefined;
  let back = 0;

  function warmContainer(): Container {
    if (!container || container.isOutdated()) {
      container = options.startContainer();
      life.containers.add(container);
    }
    return container;
  }

  async function invokeOnce(
    shard: Shard,
    attempt: Attempt<StreamRecord>,
  ): Promise<InvocationOutcome> {
    const used = warmContainer();
    log(() => `  ${name} ${shard.shardId}: batch ${attempt.records.map(sequenceOf).join(" ")}`);
    const call = used.invoke(attempt.records);
    const ended = await Promise.race([
      call.then(
        (response) => ({ response }),
        (error: unknown) => ({ error }),
      ),
      used.process.lost.then((how) => ({ how })),
    ]);
    if (options.waitsForLateWrites) await used.process.landed();
    if ("response" in ended) {
      const numbers = attempt.records.map((record) => record.dynamodb?.SequenceNumber ?? "");
      return readResponse(ended.response, numbers, true);
    }
    log(() => `  ${name} ${shard.shardId}: ${"how" in ended ? ended.how : String(ended.error)}`);
    if ("how" in ended) container = undefined;
    return { type: "failure", thrown: true };
  }

  async function deliverOnce(
    shard: Shard,
    records: readonly StreamRecord[],
    saved: (count: number) => void,
  ) {
    const pending = [firstAttempt(records, () => "")];
    let done = 0;
    for (let attempt = pending.pop(); attempt && !life.over; attempt = pending.pop()) {
      const outcome = await invokeOnce(shard, attempt);
      if (life.over) return;
      const decision = decide(
        attempt,
        outcome,
        { ...BUDGET, bisectBatchOnFunctionError: settings.bisect },
        () => "",
      );
      if (decision.type === "retry") {
        await clock.sleep(decision.delayMs);
        pending.push(decision.attempt);
        continue;
      }
      if (decision.type === "discard") throw new Error("a record was discarded");
      const rest = decision.type === "deliver" ? decision.attempts : [];
      done += attempt.records.length - rest.reduce((sum, each) => sum + each.records.length, 0);
      saved(done);
      pending.push(...[...rest].reverse());
    }
  }

  return {
    async deliver(shard: Shard, records: readonly StreamRecord[], saved: (count: number) => void) {
      const fault = faults.nextBatch();
      await clock.sleep(random.below(10));
      await deliverOnce(shard, records, saved);
      if (fault && !life.over) {
        faults.met(fault.kind);
        log(() => `  ${fault.kind}`);
        if (fault.kind === "delivered twice") await deliverOnce(shard, records, () => undefined);
        else back = fault.back;
      }
    },
    /** Where to go on after a batch: sometimes from any earlier position. */
    goBack(index: number): number {
      const next = Math.max(0, index - back);
      back = 0;
      return next;
    },
  };
}

function sequenceOf(record: StreamRecord): string {
  return `${record.eventName?.charAt(0)}${record.dynamodb?.SequenceNumber?.slice(-4)}`;
}
