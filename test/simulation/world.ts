import { createMemoryStore } from "../../src/sink/aggregate/memory-store.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import type { Sink } from "../../src/sink/sink.js";
import { type BackfillState, createMemoryBackfillState } from "../../src/state/backfill-state.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { Quarantine } from "../../src/state/quarantine.js";
import type { Declarations } from "../../src/view/declarations.js";
import { createFaults, type Faults } from "./faults.js";
import { followGroups } from "./follow-groups.js";
import { followTable } from "./follow-table.js";
import type { Mapping } from "./mapping.js";
import type { Plan } from "./plan.js";
import { type Plants, same } from "./plants.js";
import type { Surroundings } from "./process-under-fault.js";
import { createRandom, type Random } from "./random.js";
import { createSourceTable, type SourceTable } from "./source-table.js";
import { declareViews } from "./views.js";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.js";

/** 2026-02-01T00:00:00Z: after every stream was created. */
const START_MS = 1_769_904_000_000;

/** Everything a run takes place in. */
export interface World {
  readonly plan: Plan;
  readonly plants: Plants;
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly faults: Faults;
  readonly declarations: Declarations;
  readonly sink: Sink;
  readonly store: Store;
  readonly quarantine: Quarantine;
  readonly state: BackfillState;
  readonly items: SourceTable;
  readonly rows: SourceTable;
  readonly totals: SourceTable;
  readonly surroundings: Surroundings;
  readonly mappings: Mapping[];
  readonly log: (line: () => string) => void;
  /** Invocations, redrives and late writes under way. */
  readonly late: { count: number };
  deployments: number;
  /** Redrives under way. */
  redriving: number;
  /** `done` once one has come to its end that was begun after any other died. */
  readonly backfills: { begun: number; diedBefore: number; done: boolean };
  /**
   * `done` once one has come to its end that was begun after whatever was made wrong, and after any other died: both are
   * trouble, at the number that had been begun by then.
   */
  readonly repairs: { planted: number; begun: number; troubleAt: number; done: boolean };
  /** What a repair did that it may not. */
  readonly harm: string[];
  endsAtMs: number;
}

/** Sets up the world of a plan. */
export function createWorld(plan: Plan, plants: Plants, print?: (line: string) => void): World {
  const { settings } = plan;
  const random = createRandom(`${plan.seed}/run`);
  const clock = createVirtualClock(START_MS, random.fork("clock"));
  const faults = createFaults(plan, clock);
  const log = (line: () => string) => print?.(`${String(clock.elapsedMs()).padStart(6)} ${line()}`);
  const declarations = declareViews(settings, {
    isFixed: () => clock.elapsedMs() >= settings.fixedAtMs,
    isBad: (view) => faults.isOn("bad deploy", view),
  });
  const table = (name: string, keys: readonly string[], shards: number) =>
    createSourceTable({ table: name, keys, shards }, () => clock.nowMs(), random.fork(name));
  const items = table("items", ["id"], settings.shards);
  const rows = table("by-home", ["home", "id"], 2);
  const totals = table("totals", ["group"], 2);
  const memory = createMemorySink({
    forgets: (view) => view.kind === "table-view" && !view.tombstones,
  });
  const sink = followTable((plants.sink ?? same)(memory), "by-home", rows);
  const store = followGroups((plants.store ?? same)(createMemoryStore()), totals);
  const quarantine = createMemoryQuarantine();
  for (const item of plan.existing) items.hold({ ...item });
  const late = { count: 0 };
  const state = createMemoryBackfillState();
  const common = { clock, faults, sink, store, quarantine, state, late, log };
  const lateWrites = settings.tombstones;
  return {
    ...common,
    ...{ plan, plants, random, declarations, items, rows, totals },
    surroundings: { ...common, lateWrites, random: random.fork("steps") },
    mappings: [],
    deployments: 0,
    redriving: 0,
    backfills: { begun: 0, diedBefore: 0, done: plan.existing.length === 0 },
    repairs: { planted: 0, begun: 0, troubleAt: 0, done: true },
    harm: [],
    endsAtMs: 0,
  };
}
