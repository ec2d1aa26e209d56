import { MillraceError } from "../../src/errors.js";
import type { Clock } from "../../src/pipeline/clock.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import type { ApplyResult, Sink } from "../../src/sink/sink.js";
import type { BackfillState } from "../../src/state/backfill-state.js";
import type { HeldEntry, Quarantine } from "../../src/state/quarantine.js";
import type { Mutation } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";
import type { Faults } from "./faults.js";
import type { StepOf } from "./plan.js";
import type { Random } from "./random.js";
import { type StoreCall, storeUnderFault } from "./store-under-fault.js";
import type { VirtualClock } from "./virtual-clock.js";

/** A process that may die at any step: a Lambda container, or an operation somebody runs. */
export interface Process {
  readonly clock: Clock;
  readonly sink: Sink;
  readonly store: Store;
  readonly quarantine: Quarantine;
  readonly state: BackfillState;
  /** Resolves, if ever, when the process dies or is given up. */
  readonly lost: Promise<"crashed" | "abandoned">;
  /** Resolves, if ever, when the process dies. */
  readonly dead: Promise<void>;
  kill(): void;
  /** Resolves when no write of the process is on its way any more. */
  landed(): Promise<void>;
}

/** What a process runs in. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly faults: Faults;
  readonly random: Random;
  readonly sink: Sink;
  /** Where aggregate views are kept. */
  readonly store: Store;
  readonly quarantine: Quarantine;
  readonly state: BackfillState;
  /** Whether a write that was taken for failed may land at any later time. */
  readonly lateWrites: boolean;
  /** Counts writes that land later than their writer waits. */
  readonly late: { count: number };
  readonly log: (line: () => string) => void;
}

interface Step<T> {
  readonly of: StepOf;
  readonly what: () => string;
  readonly act: () => Promise<T>;
  readonly isOut: () => boolean;
  /** What a conflict with another transaction is answered with, where it is an answer and no error. */
  readonly conflict?: () => T;
}

const NEVER = new Promise<never>(() => undefined);

/** Starts a process whose every step may meet a fault; once dead, nothing it waits for ever comes. */
export function startProcess(surroundings: Surroundings): Process {
  const { clock, faults, random, lateWrites, log } = surroundings;
  let alive = true;
  let lose: (how: "crashed" | "abandoned") => void = () => undefined;
  const lost = new Promise<"crashed" | "abandoned">((resolve) => (lose = resolve));
  let die: () => void = () => undefined;
  const dead = new Promise<void>((resolve) => (die = resolve));
  const late = new Set<Promise<unknown>>();

  function kill(): void {
    alive = false;
    lose("crashed");
    die();
  }

  /** Does something later that its caller has given up waiting for. */
  function landLate(afterMs: number, act: () => Promise<unknown>): void {
    surroundings.late.count++;
    const landing: Promise<unknown> = clock
      .sleep(afterMs)
      .then(act)
      .finally(() => {
        surroundings.late.count--;
        late.delete(landing);
      });
    late.add(landing);
  }

  /** One step of the process, taken under whatever fault is its turn. */
  async function step<T>({ of, what, act, isOut, conflict }: Step<T>): Promise<T> {
    if (!alive) return NEVER;
    await clock.sleep(random.below(8));
    if (!alive) return NEVER;
    const fault = faults.nextStep(of);
    if (fault) {
      faults.met(fault.kind);
      log(() => `    ${fault.kind}: ${what()}`);
    }
    if (fault?.kind === "crash before") {
      kill();
      return NEVER;
    }
    if (fault?.kind === "abandoned") lose("abandoned");
    if (isOut()) throw unavailable("outage");
    if (fault?.kind === "throttled") throw unavailable("throttled");
    if (fault?.kind === "transaction conflict") {
      if (conflict) return conflict();
      throw unavailable("TransactionConflict");
    }
    if (fault?.kind === "lands late") {
      landLate(lateWrites ? fault.delayMs : fault.delayMs % 40, async () => {
        log(() => `    now lands: ${what()}`);
        await act();
      });
      throw unavailable("timed out");
    }
    const result = await act();
    if (fault?.kind === "crash after") {
      kill();
      return NEVER;
    }
    if (fault?.kind === "timed out but landed") throw unavailable("timed out");
    return alive ? result : NEVER;
  }

  async function changeOne(
    mutation: Mutation<View>,
    how: "apply" | "correct",
  ): Promise<ApplyResult> {
    const { view } = mutation;
    const outage = view.kind === "cache-view" ? "outage of the cache" : "outage of tables";
    if (faults.isOn("missing table", view.name)) return failed(missingTable(view.name));
    try {
      return await step({
        of: "sink",
        what: () => told(mutation, how),
        act: async () => {
          const [result] = await surroundings.sink[how]([mutation]);
          log(() => `    ${told(mutation, how)}: ${said(result)}`);
          return result as ApplyResult;
        },
        isOut: () => faults.isOn(outage),
      });
    } catch (thrown) {
      return failed(thrown as MillraceError);
    }
  }

  /** One call of the store of aggregates. */
  async function callStore<T>({ of, what, tables, act, conflict }: StoreCall<T>): Promise<T> {
    const views = tables.map((table) => table.replace(/-workings$/, ""));
    const missing = views.find((view) => faults.isOn("missing table", view));
    if (missing !== undefined) throw missingTable(missing);
    const acted = async () => {
      const answer = await act();
      log(() => `    ${what()}: ${JSON.stringify(answer)}`);
      return answer;
    };
    const isOut = () => faults.isOn("outage of tables");
    return step({ of, what, act: acted, isOut, ...(conflict && { conflict }) });
  }

  const { quarantine: durable, state: kept } = surroundings;
  const common = { isOut: () => faults.isOn("outage of quarantine") };

  function look<T>(what: string, act: () => Promise<T>): Promise<T> {
    return step({ ...common, of: "fences", what: () => what, act });
  }

  function remove({ entry, handle }: HeldEntry): Promise<boolean> {
    const { error, records, ...rest } = entry;
    const { code, message } = error;
    const what = () => `remove ${entry.view} ${entry.itemKey} @${brief(entry.position)}`;
    const summary = { ...rest, code, message, changes: records.length, handle };
    return step({ ...common, of: "lift", what, act: () => durable.release(summary) });
  }
  return {
    clock: {
      nowMs: () => clock.nowMs(),
      random: () => random.next(),
      sleep: (ms) => clock.sleep(ms).then(() => (alive ? undefined : NEVER)),
    },
    sink: {
      ...surroundings.sink,
      apply: (mutations) => Promise.all(mutations.map((each) => changeOne(each, "apply"))),
      correct: (mutations) => Promise.all(mutations.map((each) => changeOne(each, "correct"))),
    },
    store: storeUnderFault(surroundings.store, callStore),
    quarantine: {
      ...durable,
      fences: (source) => look(`fences of ${source}`, () => durable.fences(source)),
      fenceOf: (item) => look(`fence of ${item.itemKey}`, () => durable.fenceOf(item)),
      entriesOf: (item) => look(`entries of ${item.itemKey}`, () => durable.entriesOf(item)),
      // As in a table: the fence first, and then what was behind it, one by one.
      async lift(fence, entries) {
        const what = () => `lift ${fence.view} ${fence.itemKey} (${fence.parked} parked)`;
        const act = async () => {
          const lift = await durable.lift(fence, []);
          log(() => `    ${what()}: ${lift}`);
          return lift;
        };
        const lift = await step({ ...common, of: "lift", what, act });
        if (lift === "lifted") for (const each of entries) await remove(each);
        return lift;
      },
      park: (entry, options) => {
        const what = () => `park ${entry.view} ${entry.itemKey} @${brief(entry.position)}`;
        const act = async () => {
          const parked = await durable.park(entry, options);
          log(() => `    ${what()}: ${entry.error.code}, ${parked}`);
          return parked;
        };
        return step({ ...common, of: "park", what, act });
      },
    },
    state: {
      runs: (source) =>
        step({ ...common, of: "state", what: () => "runs", act: () => kept.runs(source) }),
      saveRun: (run) =>
        step({ ...common, of: "state", what: () => "save run", act: () => kept.saveRun(run) }),
      segments: (source, run) =>
        step({
          ...common,
          of: "state",
          what: () => "parts",
          act: () => kept.segments(source, run),
        }),
      saveSegment: (source, state) =>
        step({
          ...common,
          of: "state",
          what: () => `save part ${state.segment}: ${state.rows.map(({ key }) => key).join()}`,
          act: async () => {
            log(
              () => `    writes down ${state.rows.map(({ view, key }) => `${view} ${key}`).join()}`,
            );
            await kept.saveSegment(source, state);
          },
        }),
    },
    lost,
    dead,
    kill,
    landed: async () => {
      while (late.size > 0) await Promise.all(late);
    },
  };
}

function unavailable(why: string): MillraceError {
  return new MillraceError("unavailable", why);
}

function missingTable(view: string): MillraceError {
  return new MillraceError("configuration", `table "${view}" does not exist`);
}

function failed(error: MillraceError): ApplyResult {
  return { outcome: "failed", error };
}

function told(
  { type, view, key, version, ...mutation }: Mutation<View>,
  how: "apply" | "correct",
): string {
  const value = type === "put" ? ` ${JSON.stringify(mutation.value)}` : "";
  return `${how === "correct" ? "correct: " : ""}${type} ${view.name} ${key}${value} @${brief(version)}`;
}

function said(result: ApplyResult | undefined): string {
  if (result?.outcome !== "failed") return result?.outcome ?? "nothing";
  return result.error.code;
}

/** The end of a version, which is what tells it apart within a run. */
export function brief(version: string): string {
  const sequenceNumber = version.slice(24, 64).replace(/^0+/, "");
  return `${version.slice(8, 10)}/${sequenceNumber.slice(-4)}${version.slice(64)}`;
}

/** Lets a while pass, up to so long, in which anything may happen beside. */
export function pause({ clock }: Process, mostMs: number): Promise<void> {
  return clock.sleep(clock.random() * mostMs);
}
