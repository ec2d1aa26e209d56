import type { Item } from "../change/attribute-value.js";
import type { Clock } from "../pipeline/clock.js";
import { createPipeline } from "../pipeline/process-batch.js";
import { type AggregateSink, createAggregateSink } from "../sink/aggregate/aggregate-sink.js";
import { createMemoryStore } from "../sink/aggregate/memory-store.js";
import { createMemorySink } from "../sink/memory-sink.js";
import type { Sink } from "../sink/sink.js";
import { createMemoryQuarantine } from "../state/memory-quarantine.js";
import type { QuarantineEntry } from "../state/quarantine.js";
import { type Declarations, followedTables } from "../view/declarations.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import { createMemoryTable, type MemoryTable } from "./memory-table.js";

/** A pipeline with everything around it in memory: tables with streams, and sinks. */
export interface Rehearsal {
  /** The followed tables, by name. */
  readonly tables: ReadonlyMap<string, MemoryTable>;
  /** Hands so many records of a table to the pipeline, from a position on. */
  deliver(table: MemoryTable, from: number, count: number): Promise<void>;
  /** Hands every record to the pipeline that it has not seen yet, and those that follow from them. */
  deliverAll(): Promise<void>;
  rows(view: View): Promise<readonly StoredValue[]>;
  quarantined(): Promise<readonly QuarantineEntry[]>;
}

/** A row under its key. */
export interface StoredValue {
  readonly key: string;
  readonly value: Item;
}

const BATCH = 100;

/** Sets up a pipeline in memory: the pipeline's own code, and its reference sinks. */
export function createRehearsal(declarations: Declarations, clock: Clock): Rehearsal {
  const startSeconds = Math.floor(clock.nowMs() / 1000);
  const tables = new Map(
    followedTables(declarations).map((source) => [
      source.table,
      createMemoryTable(source, startSeconds),
    ]),
  );
  const delivered = new Map<MemoryTable, number>();
  const memory = createMemorySink({
    forgets: (view) => view.kind === "table-view" && !view.tombstones,
  });
  const sink = followed(memory, tables);
  const aggregates = createAggregateSink({ store: createMemoryStore() });
  const quarantine = createMemoryQuarantine();
  const pipeline = createPipeline({
    declarations,
    sinks: {
      "table-view": sink,
      "cache-view": sink,
      "aggregate-view": followedGroups(aggregates, tables),
    },
    quarantine,
    clock,
    declaredName: (table) => table,
    // A test is no place for a bad deploy to be waited out: what a view cannot take is told.
    breaker: { share: 1, minimum: Infinity, window: 1 },
  });

  async function deliver(table: MemoryTable, from: number, count: number): Promise<void> {
    const records = table.records.slice(from, from + count);
    delivered.set(table, Math.max(delivered.get(table) ?? 0, from + records.length));
    if (records.length > 0) await pipeline.process(records, { remainingMs: () => Infinity });
  }

  return {
    tables,
    deliver,
    async deliverAll() {
      // Views come after the views they follow, so one round is enough, whatever each of them writes.
      for (const table of tables.values()) {
        for (let from = delivered.get(table) ?? 0; from < table.records.length; from += BATCH)
          await deliver(table, from, BATCH);
      }
    },
    async rows(view) {
      const rows: StoredValue[] = [];
      const found = view.kind === "aggregate-view" ? aggregates.scan(view) : memory.scan(view);
      for await (const { key, value } of found) if (value) rows.push({ key, value });
      return rows;
    },
    async quarantined() {
      const entries: QuarantineEntry[] = [];
      for await (const entry of quarantine.list()) entries.push(entry);
      return entries;
    },
  };
}

/** The sink, with what it writes into followed tables told to their streams. */
function followed(sink: Sink, tables: ReadonlyMap<string, MemoryTable>): Sink {
  async function tell({ view, key }: Mutation<View>): Promise<void> {
    const table = view.kind === "cache-view" ? undefined : tables.get(view.table);
    if (table) table.write(key, (await sink.get(view, key))?.value);
  }
  const telling =
    (how: "apply" | "correct"): Sink["apply"] =>
    async (mutations) => {
      const results = [];
      for (const mutation of mutations) {
        results.push(...(await sink[how]([mutation])));
        await tell(mutation);
      }
      return results;
    };
  return { ...sink, apply: telling("apply"), correct: telling("correct") };
}

/** The sink of aggregate views, with the groups it changes in followed tables told to their streams. */
function followedGroups(
  sink: AggregateSink,
  tables: ReadonlyMap<string, MemoryTable>,
): AggregateSink {
  const telling =
    (how: "apply" | "correct"): AggregateSink["apply"] =>
    async (mutations) => {
      const results = await sink[how](mutations);
      for (const view of new Set(mutations.map((mutation) => mutation.view))) {
        const table = tables.get(view.table);
        if (!table) continue;
        const gone = new Set(table.items().map(({ owner }) => owner));
        for await (const { key, value } of sink.scan(view)) {
          table.write(key, value);
          gone.delete(key);
        }
        for (const key of gone) table.write(key, undefined);
      }
      return results;
    };
  return { ...sink, apply: telling("apply"), correct: telling("correct") };
}
