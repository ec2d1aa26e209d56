import { CreateTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { NumberValue } from "../../src/change/attribute-value.js";
import { foldChanges } from "../../src/change/change.js";
import { tableReader } from "../../src/compose-readers.js";
import { neededTables } from "../../src/dynamodb/needed-tables.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { createTableReader, type TableReader } from "../../src/read/table-reader.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import { createDynamoDbStore } from "../../src/sink/aggregate/dynamodb-store.js";
import { createDynamoDbSink } from "../../src/sink/dynamodb/dynamodb-sink.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { count, sum } from "../../src/view/aggregate/measure.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { derive } from "../../src/view/derive.js";
import { numberKey } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { changesThrough } from "../support/records.js";

interface Reading {
  id: string;
  sensor: string;
  at: number;
  value: number | NumberValue;
  tags?: ReadonlySet<string>;
}

const prefix = `read-${process.pid}-${Date.now()}-`;
const readings = source<Reading>({ table: "readings", key: ["id"] });
const bySensor = tableView({
  name: "by-sensor",
  source: readings,
  key: ["sensor", numberKey("at")],
  tombstones: true,
});
const byId = tableView({ name: "by-id", source: readings, key: ["id"] });
const EXACT = NumberValue.from("1234567890123456789012345678901234567.8");
const reading = (sensor: string, at: number): Reading => {
  return { id: `${sensor}-${at}`, sensor, at, value: EXACT, tags: new Set(["a"]) };
};

describe("a reader of a table view", () => {
  const client = testDynamoDb();
  const sink = createDynamoDbSink({ client, tableName: ({ table }) => prefix + table });
  const reader: TableReader<Reading> = createTableReader({
    view: bySensor,
    client,
    tableName: `${prefix}by-sensor`,
  });

  /** Takes an item through these images, as the pipeline would. */
  async function write(...images: (Reading | undefined)[]): Promise<void> {
    const steps = [undefined, ...images].map((image) => image && { ...image });
    const [first, ...rest] = changesThrough(steps);
    for (const view of [bySensor, byId]) {
      const results = await sink.apply(derive(view, foldChanges([first!, ...rest])));
      expect(results.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    }
  }

  beforeAll(async () => {
    for (const { table, key } of [bySensor, byId]) {
      const input = createTableInput({ table, key, followed: false }, prefix + table);
      await client.send(new CreateTableCommand(input));
    }
    for (let at = 0; at < 20; at++) {
      if (at % 5 === 3) await write(reading("s", at), undefined);
      else await write(reading("s", at));
    }
    await write(reading("other", 1));
  });
  afterAll(() => client.destroy());

  /** What is there of sensor "s": a tombstone in every fifth place. */
  const THERE = Array.from({ length: 20 }, (_, at) => at).filter((at) => at % 5 !== 3);

  test("G27: gets a row as it was derived, each number exact, and without bookkeeping", async () => {
    expect(await reader.get({ sensor: "s", at: 1 })).toEqual(reading("s", 1));
    expect(await reader.get({ sensor: "s", at: 1 }, { consistent: true })).toEqual(reading("s", 1));
    expect(await reader.get({ sensor: "s", at: 99 })).toBeUndefined();
  });

  test("N12: shows no tombstone and no bookkeeping, however it is asked", async () => {
    expect(await reader.get({ sensor: "s", at: 3 })).toBeUndefined();
    const { rows } = await reader.query({ sensor: "s" });
    expect(rows).toEqual(THERE.map((at) => reading("s", at)));
  });

  test("G27: reads any range in either order, page by page, as a filter of all rows would", async () => {
    const bound = fc.integer({ min: -1, max: 21 });
    const range = fc
      .record({
        lower: bound,
        upper: bound,
        open: fc.boolean(),
        one: fc.constantFrom("lower", "upper", "both"),
      })
      .map(({ lower, upper, open, one }) => ({
        ...(one !== "upper" && { [open ? "gt" : "gte"]: Math.min(lower, upper) }),
        ...(one !== "lower" && { [open ? "lt" : "lte"]: Math.max(lower, upper) }),
      }));
    const order = fc.constantFrom("ascending" as const, "descending" as const);
    const limit = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(range, order, limit, async (some, direction, pageSize) => {
        const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = some;
        const wanted = THERE.filter((at) => at > gt && at >= gte && at < lt && at <= lte);
        if (direction === "descending") wanted.reverse();
        const found: number[] = [];
        let after: string | undefined;
        do {
          const page = await reader.query(
            { sensor: "s" },
            {
              range: some,
              order: direction,
              ...(pageSize && { limit: pageSize }),
              ...(after && { after }),
            },
          );
          if (page.cursor && pageSize) expect(page.rows).toHaveLength(pageSize);
          found.push(...page.rows.map(({ at }) => at));
          after = page.cursor;
        } while (after);
        expect(found).toEqual(wanted);
      }),
      { numRuns: 40 },
    );
  });

  test("iterates over all rows of a partition, or so many, from anywhere on", async () => {
    const seen: number[] = [];
    for await (const { at } of reader.iterate({ sensor: "s" }, { limit: 7, order: "descending" }))
      seen.push(at);
    expect(seen).toEqual(THERE.toReversed().slice(0, 7));
    const { cursor } = await reader.query({ sensor: "s" }, { limit: 12 });
    const rest: number[] = [];
    for await (const { at } of reader.iterate({ sensor: "s" }, { after: cursor! })) rest.push(at);
    expect(rest).toEqual(THERE.slice(12));
  });

  test("tells what does not fit the key, what Millrace did not write, and a table that is not there", async () => {
    await expect(reader.get({ sensor: "s" })).rejects.toThrow(
      /give sensor \(string\) and at \(number\)/,
    );
    await expect(reader.query({ sensor: "s", at: 1 })).rejects.toThrow(/and nothing else/);
    await expect(reader.query({ sensor: "s" }, { limit: 0 })).rejects.toThrow(/limit is 0/);
    await expect(reader.query({ sensor: "s" }, { after: "x" })).rejects.toThrow(/x is not a key/);
    const Item = { sensor: { S: "foreign" }, at: { N: "1" } };
    await client.send(new PutItemCommand({ TableName: `${prefix}by-sensor`, Item }));
    await expect(reader.get({ sensor: "foreign", at: 1 })).rejects.toThrow(/did not write/);
    const none = createTableReader({ view: byId, client, tableName: `${prefix}none` });
    await expect(none.get({ id: "1" })).rejects.toMatchObject({ code: "configuration" });
    // @ts-expect-error rows have no such attribute
    await expect(reader.get({ senor: "s", at: 1 })).rejects.toThrow(/given was senor/);
    // @ts-expect-error the attribute is a number
    await expect(reader.get({ sensor: "s", at: "1" })).rejects.toThrow(/at \(string\)/);
  });

  test("G27, N12: reads groups as they are shown: spread counters summed, an empty group not at all", async () => {
    const groupBy = ({ sensor }: Reading) => ({ sensor });
    const bySensorTotals = aggregateView({
      name: "totals",
      source: readings,
      groupBy,
      key: ["sensor"],
      measures: { readings: count(), total: sum("value") },
      spread: 3,
    });
    const plain = aggregateView({
      name: "plain",
      source: readings,
      groupBy,
      key: ["sensor"],
      measures: { readings: count() },
    });
    const store = createDynamoDbStore({ client, tableName: (table) => prefix + table });
    const groups = createAggregateSink({ store });
    for (const { table, key } of neededTables(collectDeclarations({ bySensorTotals, plain }))) {
      const input = createTableInput({ table, key, followed: false }, prefix + table);
      if (table !== "readings") await client.send(new CreateTableCommand(input));
    }
    for (const view of [bySensorTotals, plain]) {
      const items = [1, 2, 3, 4].map((at) => reading("s", at));
      for (const item of [...items, reading("gone", 1)]) {
        const [change] = changesThrough([undefined, { ...item }]);
        await groups.apply(derive(view, foldChanges([change!])));
      }
      const [, removal] = changesThrough([undefined, { ...reading("gone", 1) }, undefined], 1_000);
      await groups.apply(derive(view, foldChanges([removal!])));
    }
    const totals = createTableReader({
      view: bySensorTotals,
      client,
      tableName: `${prefix}totals`,
    });
    const total = NumberValue.from("4938271560493827156049382715604938271.2");
    expect(await totals.get({ sensor: "s" })).toEqual({ sensor: "s", readings: 4, total });
    const counted = createTableReader({ view: plain, client, tableName: `${prefix}plain` });
    expect(await counted.get({ sensor: "s" })).toEqual({ sensor: "s", readings: 4 });
    for (const each of [totals, counted])
      expect((await each.query({ sensor: "gone" })).rows).toEqual([]);
    const emptied = { sensor: { S: "empty" }, readings: { N: "0" }, _millrace: { N: "0" } };
    await client.send(new PutItemCommand({ TableName: `${prefix}plain`, Item: emptied }));
    expect(await counted.get({ sensor: "empty" })).toBeUndefined();
  });

  test("is made in one line, in the environment of the pipeline", async () => {
    const before = { ...process.env };
    try {
      process.env["MILLRACE_TABLE_PREFIX"] = prefix;
      process.env["AWS_ENDPOINT_URL_DYNAMODB"] = endpoint("MILLRACE_TEST_DYNAMODB");
      const row = await tableReader(byId, { client }).get({ id: "s-2" });
      expect(row?.value).toEqual(EXACT);
    } finally {
      process.env = before;
    }
  });
});
