import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { Item } from "../../src/change/attribute-value.js";
import type { StreamRecord } from "../../src/change/decode-record.js";
import { systemClock } from "../../src/compose.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import type { Pipeline } from "../../src/pipeline/pipeline.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import { createDynamoDbSink } from "../../src/sink/dynamodb/dynamodb-sink.js";
import { asHashEntry, asJsonEntry } from "../../src/sink/redis/encode-entry.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import type { Sink } from "../../src/sink/sink.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { STATE_KEY } from "../../src/state/state-table.js";
import { cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import type { View } from "../../src/view/view.js";
import { testDynamoDb, testRedis } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";

interface Order {
  id: string;
  groups: string[];
  total: number;
}

const run = `${process.pid}-${Date.now()}`;
const orders = source<Order>({ table: "orders", key: ["id"] });
const common = {
  source: orders,
  key: ["group", "id"] as const,
  rows: ({ id, groups, total }: Order) => groups.map((group) => ({ group, id, total })),
};
const byGroup = tableView({ name: `by-group-${run}`, ...common });
const buried = tableView({ name: `buried-${run}`, ...common, tombstones: true });
const cards = cacheView({
  name: "cards",
  source: orders,
  where: ({ groups }) => groups.length > 0,
  type: "json",
  key: ({ id, groups }) => `card:${id}:${groups[0]!}`,
});
const hashes = cacheView({
  name: "hashes",
  source: orders,
  where: { total: { gte: 1 } },
  type: "hash",
  key: ({ id }) => `hash:${id}`,
});
const VIEWS: readonly View[] = [byGroup, buried, cards, hashes];

const opened = {} as { pipeline: Pipeline; sinks: Sink[]; close: () => Promise<void> };

beforeAll(async () => {
  const client = testDynamoDb();
  const stateTable = `state-redelivery-${run}`;
  const stateKey = [STATE_KEY.partition, STATE_KEY.sort];
  for (const { table, key } of [
    { table: byGroup.table, key: byGroup.key },
    { table: buried.table, key: buried.key },
    { table: stateTable, key: stateKey.map((name) => ({ name, type: "S" as const })) },
  ]) {
    const input = createTableInput({ table, key, followed: false }, table);
    await client.send(new CreateTableCommand(input));
  }
  const tables = createDynamoDbSink({ client, tableName: ({ table }) => table });
  const cache = createRedisSink({ redis: testRedis() });
  Object.assign(opened, {
    sinks: [tables, cache],
    pipeline: createPipeline({
      declarations: collectDeclarations({ byGroup, buried, cards, hashes }),
      sinks: { "table-view": tables, "cache-view": cache },
      quarantine: createDynamoDbQuarantine({ client, tableName: stateTable }),
      clock: systemClock,
      declaredName: (table: string) => table,
    }),
    close: async () => {
      client.destroy();
      await cache.close();
    },
  });
});
afterAll(() => opened.close());

/** What an item may become, one step after the other; nothing is its deletion. */
const steps = fc.array(
  fc.record({
    item: fc.constantFrom("a", "b", "c"),
    after: fc.option(
      fc.record({ groups: fc.subarray(["x", "y", "z"]), total: fc.integer({ min: 0, max: 2 }) }),
      { nil: undefined, freq: 3 },
    ),
  }),
  { minLength: 1, maxLength: 14 },
);

let histories = 0;

/** A history of items nobody has used before, as records of the stream, and the items as they are in the end. */
function historyOf(plan: typeof steps extends fc.Arbitrary<infer T> ? T : never) {
  const history = ++histories;
  const items = new Map<string, Order>();
  const images: Order[] = [];
  const records: StreamRecord[] = [];
  for (const { item, after } of plan) {
    const id = `${run}-${history}-${item}`;
    const old = items.get(id);
    if (!old && !after) continue;
    const image = after && { id, ...after };
    records.push(
      streamRecord({ ...(old && { old: { ...old } }), ...(image && { new: { ...image } }) }),
    );
    if (image) items.set(id, image);
    else items.delete(id);
    if (image) images.push(image);
  }
  return { records, images, items: [...items.values()] };
}

function rowsOf(view: View, images: readonly Order[]) {
  return images.flatMap((image) => view.rowsOf(image as unknown as Item));
}

/** The rows of the views under every key that any image could have derived. */
async function stored(images: readonly Order[]): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const view of VIEWS) {
    const sink = opened.sinks[view.kind === "cache-view" ? 1 : 0]!;
    for (const key of new Set(rowsOf(view, images).map((row) => row.key))) {
      const row = await sink.get(view, key);
      if (row?.value) rows[`${view.name} ${key}`] = row.value;
    }
  }
  return rows;
}

/** The rows the views should have, computed from the items as they are. */
function recomputed(items: readonly Order[]): Record<string, unknown> {
  const rows: Record<string, unknown> = {};
  for (const view of VIEWS) {
    for (const { key, value } of rowsOf(view, items)) {
      rows[`${view.name} ${key}`] =
        view.kind !== "cache-view" ? value : view.type === "json" ? asJsonEntry(value) : asHashEntry(value); // prettier-ignore
    }
  }
  return rows;
}

async function deliver(records: readonly StreamRecord[]) {
  const report = await opened.pipeline.process(records, { remainingMs: () => 60_000 });
  expect(report.problems).toEqual([]);
  return report;
}

/** Cuts records into batches of these sizes, over and over. */
function cut(records: readonly StreamRecord[], sizes: readonly number[]): StreamRecord[][] {
  const batches: StreamRecord[][] = [];
  for (let at = 0, i = 0; at < records.length; i++) {
    const size = sizes[i % sizes.length]!;
    batches.push(records.slice(at, at + size));
    at += size;
  }
  return batches;
}

const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 4 });

describe("through DynamoDB and Redis", () => {
  test("A1, G2, G3: delivering any batch twice changes nothing, and the rows end as recomputed", async () => {
    await fc.assert(
      fc.asyncProperty(steps, sizes, async (plan, batchSizes) => {
        const { records, images, items } = historyOf(plan);
        for (const batch of cut(records, batchSizes)) {
          await deliver(batch);
          const once = await stored(images);
          const again = await deliver(batch);
          expect(again.views.filter(({ applied }) => applied > 0)).toEqual([]);
          expect(await stored(images)).toEqual(once);
        }
        expect(await stored(images)).toEqual(recomputed(items));
      }),
      { numRuns: 20 },
    );
  });

  test("A1, G3: delivering any suffix again, cut in any other way, changes nothing", async () => {
    const suffixes = fc.array(fc.record({ back: fc.nat({ max: 14 }), sizes }), { minLength: 1, maxLength: 3 }); // prettier-ignore
    await fc.assert(
      fc.asyncProperty(steps, sizes, suffixes, async (plan, batchSizes, redeliveries) => {
        const { records, images, items } = historyOf(plan);
        for (const batch of cut(records, batchSizes)) await deliver(batch);
        const expected = recomputed(items);
        expect(await stored(images)).toEqual(expected);
        for (const { back, sizes: otherSizes } of redeliveries) {
          const suffix = records.slice(Math.max(0, records.length - back));
          for (const batch of cut(suffix, otherSizes)) await deliver(batch);
          expect(await stored(images)).toEqual(expected);
        }
      }),
      { numRuns: 20 },
    );
  });
});
