import type { StreamRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import type { RetryPolicy } from "../../src/pipeline/apply-with-retry.js";
import { type Clock, deadlineIn } from "../../src/pipeline/clock.js";
import type { PipelineParts, Sinks } from "../../src/pipeline/pipeline.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import type { BatchReport, ViewReport } from "../../src/pipeline/report.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import type { ApplyResult, Sink } from "../../src/sink/sink.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
import { cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import type { Mutation } from "../../src/view/row.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import type { View } from "../../src/view/view.js";
import { AT } from "../support/records.js";

/** An item of the tests: some of its values make a view fail. */
export interface Order {
  id: string;
  customer: string;
  total?: number;
  /** The view of totals throws on it. */
  poison?: boolean;
}

export const orders = source<Order>({ table: "orders", key: ["id"] });
export const byCustomer = tableView({
  name: "by-customer",
  source: orders,
  key: ["customer", "id"],
  row: ({ id, customer, total = 0 }) => ({ id, customer, total }),
});
export const totals = tableView({
  name: "totals",
  source: orders,
  key: ["id"],
  row: ({ id, total = 0, poison = false }) => {
    if (poison) throw new TypeError("total.toFixed is not a function");
    return { id, total };
  },
});
export const cards = cacheView({
  name: "cards",
  source: orders,
  type: "json",
  key: ({ id }) => `order:${id}`,
  value: ({ total = 0 }) => ({ total }),
});
/** One row a customer: two orders of a customer collide. */
export const onePerCustomer = tableView({
  name: "one-per-customer",
  source: orders,
  key: ["customer"],
  row: ({ id, customer }) => ({ id, customer }),
});

/** A clock that passes only while somebody sleeps; chance is what it is told. */
export interface FakeClock extends Clock {
  readonly slept: number[];
  chance: number;
  nowMs: () => number;
}

/** Starts a fake clock at the time of the tests' records. */
export function fakeClock(): FakeClock {
  let nowMs = AT * 1000;
  const clock: FakeClock = {
    slept: [],
    chance: 0.5,
    nowMs: () => nowMs,
    sleep: async (ms) => {
      clock.slept.push(ms);
      nowMs += ms;
    },
    random: () => clock.chance,
  };
  return clock;
}

/** Short pauses and half a second kept for the end. */
export const RETRY: RetryPolicy = { baseDelayMs: 100, maxDelayMs: 1_000, reserveMs: 500 };

/** Fails a mutation instead of applying it, where it gives an error. */
export type Failing = (mutation: Mutation<View>, attempt: number) => MillraceError | undefined;

/** A memory sink that fails as told, counting the attempts at each row. */
export function failingSink(failing: Failing): Sink {
  const sink = createMemorySink();
  const attempts = new Map<string, number>();
  return {
    ...sink,
    async apply(mutations) {
      const results: ApplyResult[] = [];
      for (const mutation of mutations) {
        const row = `${mutation.view.name} ${mutation.key}`;
        const attempt = (attempts.get(row) ?? 0) + 1;
        attempts.set(row, attempt);
        const error = failing(mutation, attempt);
        if (error) results.push({ outcome: "failed", error });
        else results.push(...(await sink.apply([mutation])));
      }
      return results;
    },
  };
}

/** A throttled write. */
export function throttled(): MillraceError {
  return new MillraceError("unavailable", "throttled");
}

/** A pipeline in memory, and ways to look at what it did. */
export interface PipelineUnderTest {
  readonly clock: FakeClock;
  readonly quarantine: Quarantine;
  /** Processes a batch with a minute's time, or as many milliseconds as given. */
  readonly process: (
    records: readonly StreamRecord[],
    remainingMs?: number,
  ) => Promise<BatchReport>;
  /** Values of a view's rows, by key. */
  readonly rows: (view: View) => Promise<Record<string, unknown>>;
  readonly parked: (view?: string) => Promise<QuarantineEntry[]>;
}

/** What may be replaced in {@link pipelineUnderTest}. */
export interface Replaced extends Partial<Omit<PipelineParts, "declarations" | "clock">> {
  readonly views?: readonly View[];
  readonly failing?: Failing;
}

/** Makes a pipeline of memory sinks, a fake clock and these views. */
export function pipelineUnderTest(replaced: Replaced = {}): PipelineUnderTest {
  const { views = [byCustomer, totals, cards], failing = () => undefined, ...parts } = replaced;
  const clock = fakeClock();
  const quarantine = parts.quarantine ?? createMemoryQuarantine();
  const sink = failingSink(failing);
  const sinks: Sinks = { "table-view": sink, "cache-view": sink };
  const declarations = collectDeclarations(Object.fromEntries(views.map((v) => [v.name, v])));
  const pipeline = createPipeline({
    declarations,
    sinks,
    quarantine,
    clock,
    declaredName: (table) => table,
    retry: RETRY,
    ...parts,
  });
  return {
    clock,
    quarantine,
    process: (records, remainingMs = 60_000) =>
      pipeline.process(records, deadlineIn(clock, remainingMs)),
    async rows(view) {
      const rows: Record<string, unknown> = {};
      for await (const { key, value } of sink.scan(view)) rows[key] = value;
      return rows;
    },
    async parked(view) {
      const entries: QuarantineEntry[] = [];
      for await (const entry of quarantine.list(view)) entries.push(entry);
      return entries;
    },
  };
}

/** One view's part of a report; all zero where it has none. */
export function reportOf(report: BatchReport, view: string): Omit<ViewReport, "lagMs"> {
  const { lagMs: _lag, ...counts } = report.views.find((each) => each.view === view) ?? {
    ...{
      view,
      applied: 0,
      stale: 0,
      skipped: 0,
      unchanged: 0,
      quarantined: 0,
      unresolved: 0,
      lagMs: 0,
    },
  };
  return counts;
}
