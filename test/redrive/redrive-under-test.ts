import type { Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { keyText } from "../../src/change/item-key.js";
import { deadlineIn } from "../../src/pipeline/clock.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import type { BatchReport } from "../../src/pipeline/report.js";
import type { RedriveOptions, RedriveParts } from "../../src/redrive/parts.js";
import { redrive } from "../../src/redrive/redrive.js";
import type { RedriveReport } from "../../src/redrive/result.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../../src/sink/aggregate/memory-store.js";
import { createMemorySink } from "../../src/sink/memory-sink.js";
import type { Sink } from "../../src/sink/sink.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { count, sum } from "../../src/view/aggregate/measure.js";
import { cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import type { View } from "../../src/view/view.js";
import { fakeClock, RETRY } from "../pipeline/pipeline-under-test.js";
import { streamRecord } from "../support/records.js";

/** An order; a customer's name in capitals is more than the views can take until they are fixed. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  readonly total?: number;
}

/** The views of the tests, fixed or not. */
export const health = { isFixed: false };

function taken(customer: string): string {
  if (!health.isFixed && customer !== customer.toLowerCase()) throw new Error(`no customer ${customer}`); // prettier-ignore
  return customer.toLowerCase();
}

export const orders = source<Order>({ table: "orders", key: ["id"] });
export const byCustomer = tableView({
  name: "by-customer",
  source: orders,
  key: ["customer", "id"],
  row: ({ id, customer, total = 0 }) => ({ id, customer: taken(customer), total }),
});
export const cards = cacheView({
  name: "cards",
  source: orders,
  type: "json",
  key: ({ id, customer }) => `card:${taken(customer)}:${id}`,
  value: ({ total = 0 }) => ({ total }),
});
export const totals = aggregateView({
  name: "totals",
  source: orders,
  groupBy: ({ customer }) => ({ customer: taken(customer) }),
  key: ["customer"],
  measures: { orders: count(), total: sum("total") },
});
/** One row a customer: two orders of one collide. */
export const onePerCustomer = tableView({
  name: "one-per-customer",
  source: orders,
  key: ["customer"],
  row: ({ id, customer }) => ({ id, customer: taken(customer) }),
});

/** A table, its pipeline and its quarantine, in memory. */
export interface RedriveUnderTest {
  readonly parts: RedriveParts;
  readonly quarantine: Quarantine;
  readonly sink: Sink;
  /** Writes to the table, and gives the stream record of it. */
  readonly write: (id: string, order?: Omit<Order, "id">) => StreamRecord;
  readonly deliver: (...records: readonly StreamRecord[]) => Promise<BatchReport>;
  readonly redrive: (options?: RedriveOptions) => Promise<RedriveReport>;
  /** Values of a view's rows, by key. */
  readonly rows: (view: View) => Promise<Record<string, unknown>>;
  readonly parked: () => Promise<QuarantineEntry[]>;
}

/** Makes a table whose orders these views follow. */
export function redriveUnderTest(
  views: readonly View[] = [byCustomer, cards, totals],
): RedriveUnderTest {
  health.isFixed = false;
  const declarations = collectDeclarations(Object.fromEntries(views.map((v) => [v.name, v])));
  const items = new Map<string, Item>();
  const sink = createMemorySink({ forgets: ({ kind }) => kind === "table-view" });
  const aggregates = createAggregateSink({ store: createMemoryStore() });
  const quarantine: Quarantine = createMemoryQuarantine();
  const clock = fakeClock();
  const sinks = { "table-view": sink, "cache-view": sink, "aggregate-view": aggregates };
  const declaredName = (table: string) => table;
  const pipeline = createPipeline({
    ...{ declarations, sinks, quarantine, clock, declaredName, retry: RETRY },
    breaker: { share: 1, minimum: 1_000, window: 1_000 },
  });
  const parts: RedriveParts = {
    ...{ declarations, sinks, quarantine, clock, declaredName },
    sourceItems: {
      get: async (_source, owners) => new Map(owners.flatMap((owner) => (items.has(owner) ? [[owner, items.get(owner)!] as const] : []))), // prettier-ignore
    },
  };

  return {
    parts,
    quarantine,
    sink,
    write(id, order) {
      const key = keyText(["id"], { id });
      const old = items.get(key);
      const item = order && { id, ...order };
      if (item) items.set(key, item);
      else items.delete(key);
      return streamRecord({ ...(old && { old }), ...(item && { new: item }) });
    },
    deliver: (...records) => pipeline.process(records, deadlineIn(clock, 60_000)),
    redrive: (options) => redrive(parts, options),
    async rows(view) {
      const rows: Record<string, unknown> = {};
      const scan = view.kind === "aggregate-view" ? aggregates.scan(view) : sink.scan(view);
      for await (const { key, value } of scan) rows[key] = value;
      return rows;
    },
    async parked() {
      const entries: QuarantineEntry[] = [];
      for await (const entry of quarantine.list()) entries.push(entry);
      return entries;
    },
  };
}
