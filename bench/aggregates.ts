import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { streamVersion } from "../src/change/version.js";
import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import { systemClock } from "../src/compose.js";
import { neededTables } from "../src/dynamodb/needed-tables.js";
import { createTableInput } from "../src/dynamodb/table-definition.js";
import { MillraceError } from "../src/errors.js";
import { createPipeline } from "../src/pipeline/process-batch.js";
import { type AggregateSink, createAggregateSink } from "../src/sink/aggregate/aggregate-sink.js";
import { createDynamoDbStore } from "../src/sink/aggregate/dynamodb-store.js";
import { createMemoryStore } from "../src/sink/aggregate/memory-store.js";
import type { Store } from "../src/sink/aggregate/store.js";
import { placeText } from "../src/sink/aggregate/workings.js";
import { createMemoryQuarantine } from "../src/state/memory-quarantine.js";
import { type AggregateView, aggregateView } from "../src/view/aggregate/aggregate-view.js";
import { count, sum } from "../src/view/aggregate/measure.js";
import { collectDeclarations } from "../src/view/declarations.js";
import { source } from "../src/view/source.js";
import { streamRecord } from "../test/support/records.js";

interface Sale {
  id: string;
  shop: string;
  amount: number;
}

const sales = source<Sale>({ table: "sales", key: ["id"] });

function shops(spread: number): AggregateView {
  return aggregateView({
    name: `bench-shops-${process.pid}`,
    source: sales,
    groupBy: ({ shop }) => ({ shop }),
    key: ["shop"],
    measures: { sales: count(), turnover: sum("amount") },
    spread,
  });
}

function sold(view: AggregateView, id: string, shop: string, n: number) {
  const item = { id, shop, amount: n };
  return {
    ...{ type: "put" as const, view, key: "contribution", owner: JSON.stringify([id]) },
    version: streamVersion("2026-01-01T00:00:00.000", String(n)),
    changedAtSeconds: 0,
    value: view.rowsOf(item)[0]?.value ?? {},
  };
}

/** What one batch of changes costs. */
export interface CostFigure {
  readonly changes: number;
  readonly groups: number;
  readonly unitsPerChange: number;
  /** 2 + 2 x groups / changes. */
  readonly expected: number;
}

/** Write units a change of a count and a sum, by batch and number of groups, from the calls made of DynamoDB Local. */
export async function aggregateCost(): Promise<readonly CostFigure[]> {
  const services = await openServices({ needsRedis: false });
  const client = new DynamoDBClient({ endpoint: services.config.dynamodbEndpoint ?? "" });
  let units = 0;
  client.middlewareStack.add(
    (next) => async (asked) => {
      Object.assign(asked.input, { ReturnConsumedCapacity: "TOTAL" });
      const answer = await next(asked);
      const { TransactItems } = asked.input as { TransactItems?: unknown[] };
      const { ConsumedCapacity: used } = answer.output as {
        ConsumedCapacity?: { CapacityUnits?: number };
      };
      // DynamoDB Local reports one action a table of a transaction; each is 2 units, of items below 1 KB.
      if (TransactItems) units += 2 * TransactItems.length;
      else if (!("RequestItems" in asked.input)) units += used?.CapacityUnits ?? 0;
      return answer;
    },
    { step: "initialize" },
  );
  try {
    const view = shops(1);
    for (const definition of neededTables({ sources: [], views: [view] }))
      await client.send(new CreateTableCommand(createTableInput(definition, definition.table)));
    const sink = createAggregateSink({
      store: createDynamoDbStore({ client, tableName: (table) => table }),
    });
    const figures: CostFigure[] = [];
    let n = 0;
    for (const [changes, groups] of [
      [80, 1],
      [80, 10],
      [80, 20],
      [40, 40],
      [1, 1],
    ] as const) {
      const batch = Array.from({ length: changes }, (_, i) =>
        sold(view, `s${groups}-${i}`, `shop-${groups}-${i % groups}`, ++n),
      );
      units = 0;
      await sink.apply(batch);
      const unitsPerChange = units / changes;
      figures.push({ changes, groups, unitsPerChange, expected: 2 + (2 * groups) / changes });
    }
    units = 0;
    await changeOtherAttributes(view, sink);
    figures.push({ changes: UNCHANGED, groups: 0, unitsPerChange: units / UNCHANGED, expected: 0 });
    const rows = figures.map((figure) => Object.values(figure).map((value: number) => Math.round(value * 100) / 100)); // prettier-ignore
    console.error(
      `write units a change of a count and a sum; of no group: changes of what no measure has\n${formatTable(["changes", "groups", "units/change", "2 + 2 x groups/changes"], rows)}`,
    );
    return figures;
  } finally {
    client.destroy();
    await services.stop();
  }
}

const UNCHANGED = 80;

/** Changes of attributes that no measure looks at, through the whole pipeline: it is there that they come to nothing. */
async function changeOtherAttributes(view: AggregateView, sink: AggregateSink): Promise<void> {
  const pipeline = createPipeline({
    declarations: collectDeclarations({ view }),
    sinks: { "aggregate-view": sink },
    quarantine: createMemoryQuarantine(),
    clock: systemClock,
    declaredName: (table) => table,
  });
  const records = Array.from({ length: UNCHANGED }, (_, i) => {
    const sale = { id: `s20-${i}`, shop: `shop-20-${i % 20}`, amount: 1 };
    return streamRecord({ table: "sales", old: { ...sale, note: 0 }, new: { ...sale, note: 1 } });
  });
  const { unresolved } = await pipeline.process(records, { remainingMs: () => 60_000 });
  if (unresolved.length > 0) throw new MillraceError("refused", "changes were left undone");
}

const WRITERS = 8;
/** Batches a writer applies before it is measured: until then the writers find a counter each. */
const WARM_UP_BATCHES = 5;
const BATCHES = 20;
const BATCH = 20;
const TRANSACTION_MS = 100;
const CALL_MS = 25;

/** How fast writers get on in one hot group. */
export interface HotGroupFigure {
  readonly spread: number;
  readonly changesPerSecond: number;
  readonly conflicts: number;
}

/**
 * One group that eight writers write to, in memory, with DynamoDB's rule imitated that two transactions on one item at a
 * time conflict (DynamoDB Local knows no conflicts): a transaction takes 100 ms, any other call 25 ms, so long that eight
 * writers in one process are not held up by its processor instead.
 */
export async function hotGroup(): Promise<readonly HotGroupFigure[]> {
  const figures = [await hotGroupOf(1), await hotGroupOf(WRITERS)];
  const rows = figures.map(({ spread, changesPerSecond, conflicts }) => [
    spread,
    Math.round(changesPerSecond),
    conflicts,
  ]);
  console.error(
    `one hot group, ${WRITERS} writers, conflicts imitated\n${formatTable(["spread", "changes/s", "conflicts"], rows)}`,
  );
  return figures;
}

async function hotGroupOf(spread: number): Promise<HotGroupFigure> {
  const view = shops(spread);
  const { store, conflicts } = conflictingStore(createMemoryStore());
  const sinks = Array.from({ length: WRITERS }, () => createAggregateSink({ store }));
  const writer = async (w: number, from: number, to: number) => {
    const sink = sinks[w]!;
    for (let b = from; b < to; b++) {
      const first = (w * (WARM_UP_BATCHES + BATCHES) + b) * BATCH;
      let open = Array.from({ length: BATCH }, (_, i) =>
        sold(view, `s${first + i}`, "hot", 1 + first + i),
      );
      for (let attempt = 0; open.length > 0; attempt++) {
        const results = await sink.apply(open);
        open = open.filter((_, i) => results[i]?.outcome === "failed");
        if (open.length > 0) await sleep(Math.random() * Math.min(2_000, 50 * 2 ** attempt));
      }
    }
  };
  const allWriters = (from: number, to: number) =>
    Promise.all(sinks.map((_, w) => writer(w, from, to)));
  await allWriters(0, WARM_UP_BATCHES);
  const startedAtMs = performance.now();
  const conflictsBefore = conflicts();
  await allWriters(WARM_UP_BATCHES, WARM_UP_BATCHES + BATCHES);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const measured = WRITERS * BATCHES * BATCH;
  const changes = WRITERS * (WARM_UP_BATCHES + BATCHES) * BATCH;
  const row = await createAggregateSink({ store }).get(view, { shop: "hot" });
  if (Number(row?.value["sales"]) !== changes)
    throw new MillraceError(
      "refused",
      `lost an update: ${String(row?.value["sales"])} of ${changes}`,
    );
  return {
    spread,
    changesPerSecond: measured / seconds,
    conflicts: conflicts() - conflictsBefore,
  };
}

function conflictingStore(memory: Store): { store: Store; conflicts: () => number } {
  const busy = new Set<string>();
  let conflicts = 0;
  const store: Store = {
    ...memory,
    async transact(actions) {
      const texts = actions.map(placeText);
      if (texts.some((text) => busy.has(text))) {
        conflicts++;
        await sleep(CALL_MS);
        return {
          done: false,
          reasons: texts.map((text) => (busy.has(text) ? "conflict" : "none")).with(-1, "conflict"),
        };
      }
      for (const text of texts) busy.add(text);
      await sleep(TRANSACTION_MS);
      for (const text of texts) busy.delete(text);
      return memory.transact(actions);
    },
    async write(write) {
      await sleep(CALL_MS);
      if (!busy.has(placeText(write))) return memory.write(write);
      conflicts++;
      throw new MillraceError("unavailable", "TransactionConflictException");
    },
    async read(places) {
      await sleep(CALL_MS);
      return memory.read(places);
    },
  };
  return { store, conflicts: () => conflicts };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
