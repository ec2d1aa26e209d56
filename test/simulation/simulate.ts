import type { StreamRecord } from "../../src/change/decode-record.js";
import { messageOf } from "../../src/errors.js";
import { batchResponse } from "../../src/lambda/batch-response.js";
import type { PipelineParts, Sinks } from "../../src/pipeline/pipeline.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import type { BatchReport } from "../../src/pipeline/report.js";
import {
  type AggregateSink,
  createAggregateSink,
} from "../../src/sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../../src/sink/aggregate/memory-store.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import type { Sink } from "../../src/sink/sink.js";
import type { Declarations } from "../../src/view/declarations.js";
import { compareWithRecomputation, rowsPastFences, unreasonablyParked } from "./check.js";
import { createFaults, type Faults } from "./faults.js";
import { followGroups } from "./follow-groups.js";
import { followTable } from "./follow-table.js";
import { createLiftableQuarantine, type LiftableQuarantine } from "./liftable-quarantine.js";
import { type Container, type Mapping, startMapping } from "./mapping.js";
import type { Plan } from "./plan.js";
import { startProcess, type Surroundings } from "./process-under-fault.js";
import { createRandom, type Random } from "./random.js";
import { redriveAll } from "./redrive-model.js";
import { createSourceTable, type Shard, type SourceTable } from "./source-table.js";
import { declareViews } from "./views.js";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.js";

/** Parts that a test may put in place of the real ones, to plant a bug. */
export interface Plants {
  /** Around the store, below all faults. */
  readonly sink?: (sink: Sink) => Sink;
  /** Around the store of aggregates, below all faults. */
  readonly store?: (store: Store) => Store;
  /** What writes aggregates through a process's store, above all faults. */
  readonly aggregates?: (store: Store) => AggregateSink;
  /** What a pipeline is made of, above all faults. */
  readonly parts?: (parts: PipelineParts) => PipelineParts;
  /** What the pipeline is given of a batch. */
  readonly records?: (records: readonly StreamRecord[]) => readonly StreamRecord[];
  readonly response?: (report: BatchReport) => unknown;
  /** What redrive does with quarantine. */
  readonly lift?: (quarantine: LiftableQuarantine) => LiftableQuarantine;
  /** What the event source mapping takes a stream's shards for. */
  readonly shards?: (shards: readonly Shard[]) => readonly Shard[];
}

/** What a run came to. */
export interface Verdict {
  /** Where views differ from their recomputation, or what else is wrong; empty if nothing is. */
  readonly differences: readonly string[];
  /** How often each kind of fault was met. */
  readonly faults: ReadonlyMap<string, number>;
}

/** 2026-02-01T00:00:00Z: after every stream was created. */
const START_MS = 1_769_904_000_000;
const INVOCATION_MS = 6_000;
const RETRY = { baseDelayMs: 50, maxDelayMs: 1_000, reserveMs: 1_000 };
/** Judges by fewer changes than in earnest: a history is short. */
const BREAKER = { share: 0.5, minimum: 4, window: 20 };
/** Never trips: where rows pass from item to item, collisions are no sign of a bad deploy. */
const NO_BREAKER = { ...BREAKER, share: 1 };

/** Runs a plan through the pipeline in virtual time, and compares every view with its recomputation. */
export async function simulate(
  plan: Plan,
  plants: Plants = {},
  print?: (line: string) => void,
): Promise<Verdict> {
  const world = createWorld(plan, plants, print);
  const differences: string[] = [];
  try {
    schedule(world);
    await world.clock.run(() => isQuiet(world));
    if (!isQuiet(world)) throw new Error("stuck: nothing is due, and not all is delivered");
    differences.push(...(await inspect(world, "before redrive")));
    world.faults.end();
    for (let round = 0; world.quarantine.fenced().length > 0; round++) {
      if (round > 20) throw new Error("redrive does not come to an end");
      startRedrive(world);
      await world.clock.run(() => isQuiet(world));
    }
    differences.push(...(await inspect(world, "in the end")));
  } catch (thrown) {
    differences.push(messageOf(thrown));
  } finally {
    for (const mapping of world.mappings) mapping.stop();
  }
  return { differences: [...new Set(differences)], faults: world.faults.counts };
}

interface World {
  readonly plan: Plan;
  readonly plants: Plants;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly faults: Faults;
  readonly declarations: Declarations;
  readonly sink: Sink;
  readonly store: Store;
  readonly quarantine: LiftableQuarantine;
  readonly items: SourceTable;
  readonly rows: SourceTable;
  readonly totals: SourceTable;
  readonly surroundings: Surroundings;
  readonly mappings: Mapping[];
  readonly log: (line: () => string) => void;
  /** Invocations, redrives and late writes under way. */
  readonly late: { count: number };
  deployments: number;
  redriving: boolean;
  endsAtMs: number;
}

function createWorld(plan: Plan, plants: Plants, print?: (line: string) => void): World {
  const { settings } = plan;
  const random = createRandom(`${plan.seed}/run`);
  const clock = createVirtualClock(START_MS, random.fork("clock"));
  const faults = createFaults(plan, clock);
  const log = (line: () => string) => print?.(`${String(clock.elapsedMs()).padStart(6)} ${line()}`);
  const declarations = declareViews(settings, {
    isFixed: () => clock.elapsedMs() >= settings.fixedAtMs,
    isBad: (view) => faults.isOn("bad deploy", view),
  });
  const now = () => clock.nowMs();
  const items = createSourceTable(
    { table: "items", keys: ["id"], shards: settings.shards },
    now,
    random.fork("items"),
  );
  const rows = createSourceTable(
    { table: "by-home", keys: ["home", "id"], shards: 2 },
    now,
    random.fork("rows"),
  );
  const totals = createSourceTable(
    { table: "totals", keys: ["group"], shards: 2 },
    now,
    random.fork("totals"),
  );
  const memory = createMemorySink({
    forgets: (view) => view.kind === "table-view" && !view.tombstones,
  });
  const sink = followTable((plants.sink ?? same)(memory), "by-home", rows);
  const store = followGroups((plants.store ?? same)(createMemoryStore()), totals);
  const quarantine = createLiftableQuarantine();
  const late = { count: 0 };
  const lateWrites = settings.tombstones;
  return {
    ...{
      plan,
      plants,
      clock,
      random,
      faults,
      sink,
      store,
      quarantine,
      items,
      rows,
      totals,
      log,
      late,
    },
    declarations,
    surroundings: {
      ...{
        clock,
        faults,
        random: random.fork("steps"),
        sink,
        store,
        quarantine,
        lateWrites,
        late,
        log,
      },
    },
    mappings: [],
    deployments: 0,
    redriving: false,
    endsAtMs: 0,
  };
}

function aggregateSink(store: Store): AggregateSink {
  return createAggregateSink({ store });
}

function same<T>(value: T): T {
  return value;
}

function schedule(world: World): void {
  const { plan, clock, items, faults, log } = world;
  const deploy = () => void world.deployments++;
  const at = (ms: number, act: () => void) => {
    world.endsAtMs = Math.max(world.endsAtMs, ms);
    clock.at(ms, act);
  };
  for (const { atMs, id, item, malformed } of plan.writes) {
    at(atMs, () => {
      log(
        () =>
          `write ${id} ${item ? JSON.stringify(item) : "deleted"}${malformed ? " (malformed)" : ""}`,
      );
      if (malformed) faults.met("malformed");
      if (item && item.poison.length > 0) faults.met("poison");
      items.write({ id }, item && { ...item }, malformed);
    });
  }
  at(plan.settings.fixedAtMs, deploy);
  const functions = [
    { name: "tables", kinds: ["table-view", "aggregate-view"], source: items },
    { name: "cache", kinds: ["cache-view"], source: items },
    { name: "tables of rows", kinds: ["table-view"], source: world.rows },
    { name: "tables of totals", kinds: ["table-view"], source: world.totals },
  ] as const;
  for (const each of functions) world.mappings.push(mappingOf(world, each));
  for (const fault of plan.faults) {
    if ("forMs" in fault) {
      at(fault.atMs, deploy);
      at(fault.atMs + fault.forMs, deploy);
    } else if ("atMs" in fault) {
      at(fault.atMs, () => {
        faults.met(fault.kind);
        log(() => fault.kind);
        happen(world, fault.kind);
      });
    }
  }
}

function happen(world: World, kind: string): void {
  const { items, mappings, random } = world;
  const mapping = random.pick(mappings);
  if (kind === "restart") mapping.restart();
  else if (kind === "from the beginning") mapping.startOver();
  else if (kind === "shard split") items.split(2);
  else if (kind === "shard rolled") items.split(1);
  else if (kind === "stream re-created") items.recreate();
  else startRedrive(world);
}

/** One at a time: whoever redrives holds the only lock there is. */
function startRedrive(world: World): void {
  if (world.redriving) return;
  const { declarations, items, rows, totals, log, late, plants } = world;
  const process = startProcess(world.surroundings);
  const quarantine = plants.lift ? plants.lift(world.quarantine) : world.quarantine;
  log(() => `redrive of ${quarantine.fenced().length}`);
  late.count++;
  world.redriving = true;
  const done = redriveAll({
    declarations,
    quarantine,
    sources: [items, rows, totals],
    process,
    log,
  });
  void Promise.race([done, process.dead])
    .then(() => process.landed())
    .finally(() => {
      late.count--;
      world.redriving = false;
    });
}

function mappingOf(
  world: World,
  { name, kinds, source }: { name: string; kinds: readonly (keyof Sinks)[]; source: SourceTable },
): Mapping {
  const { clock, faults, log, plan } = world;
  return startMapping({
    ...{ name, source, clock, faults, log },
    random: world.random.fork(name),
    startContainer: () => startContainer(world, kinds),
    settings: plan.settings,
    shardsAsSeen: world.plants.shards ?? same,
    oldStreamFirst: !plan.settings.tombstones,
    waitsForLateWrites: !plan.settings.tombstones,
  });
}

function startContainer(world: World, kinds: readonly (keyof Sinks)[]): Container {
  const { plants, late, clock } = world;
  const process = startProcess(world.surroundings);
  const { deployments } = world;
  const groups = (plants.aggregates ?? aggregateSink)(process.store);
  const sinks = Object.fromEntries(
    kinds.map((kind) => [kind, kind === "aggregate-view" ? groups : process.sink]),
  ) as Sinks;
  const parts: PipelineParts = {
    declarations: world.declarations,
    sinks,
    quarantine: process.quarantine,
    clock: process.clock,
    declaredName: same,
    retry: RETRY,
    breaker: world.plan.settings.sharedKeys ? NO_BREAKER : BREAKER,
  };
  const pipeline = createPipeline((plants.parts ?? same)(parts));
  return {
    process,
    isOutdated: () => world.deployments !== deployments,
    async invoke(records) {
      late.count++;
      const endsAtMs = clock.elapsedMs() + INVOCATION_MS;
      const deadline = { remainingMs: () => endsAtMs - clock.elapsedMs() };
      const done = pipeline.process((plants.records ?? same)(records), deadline);
      void Promise.race([done, process.dead])
        .finally(() => late.count--)
        .catch(() => undefined);
      return (plants.response ?? batchResponse)(await done);
    },
  };
}

/** Whether all writes were made and delivered, and nothing is under way any more. */
function isQuiet(world: World): boolean {
  return (
    world.clock.elapsedMs() >= world.endsAtMs &&
    world.late.count === 0 &&
    world.mappings.every((mapping) => mapping.isIdle())
  );
}

async function inspect(world: World, when: string): Promise<string[]> {
  const { quarantine, plan } = world;
  const options = { ...world, sources: [world.items, world.rows, world.totals] };
  const found = [
    ...(await compareWithRecomputation(options)),
    ...(deploysBadly(plan) ? [] : await rowsPastFences(options)),
    ...unreasonablyParked(quarantine, plan.settings.sharedKeys),
  ];
  return found.map((difference) => `${when}: ${difference}`);
}

/** Whether what was applied once may be poison later: then a row may be newer than a fence that is raised behind it. */
function deploysBadly({ faults }: Plan): boolean {
  return faults.some(({ kind }) => kind === "bad deploy");
}
