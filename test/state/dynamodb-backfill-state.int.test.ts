import { randomBytes } from "node:crypto";

import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { createTableInput } from "../../src/dynamodb/table-definition.js";
import {
  type BackfillRun,
  type BackfillState,
  createMemoryBackfillState,
  furthest,
  type SegmentState,
} from "../../src/state/backfill-state.js";
import { createDynamoDbBackfillState } from "../../src/state/dynamodb-backfill-state.js";
import { STATE_TABLE } from "../../src/state/state-table.js";
import { freshId } from "../sink/contract/subject.js";
import { testDynamoDb } from "../support/endpoints.js";
import { LABEL } from "../support/records.js";

const opened = {} as { client: DynamoDBClient; durable: BackfillState };
beforeAll(async () => {
  opened.client = testDynamoDb();
  const tableName = `state-${freshId()}`;
  const table = { ...STATE_TABLE, table: tableName };
  await opened.client.send(new CreateTableCommand(createTableInput(table, tableName)));
  opened.durable = createDynamoDbBackfillState({ client: opened.client, tableName });
});
afterAll(() => opened.client.destroy());

function run(id: string): BackfillRun {
  const which = { id, source: "things", views: ["copies"], scope: "all", segments: 2 };
  return { ...which, label: LABEL, startedAtMs: 1, itemsAbout: 10 };
}

function segment(changes: Partial<SegmentState>): SegmentState {
  const views = { copies: { applied: 1, stale: 2, skipped: 3, undone: 4, parked: 5 } };
  const none = { done: false, scanned: 0, items: 0, views, rows: [], atMs: 0, savedAtMs: 1 };
  return { run: "run-1", segment: 0, worker: "w", ...none, ...changes };
}

test.each(["memory", "DynamoDB"])("%s: keeps runs and the states of all workers", async (kind) => {
  const state = kind === "memory" ? createMemoryBackfillState() : opened.durable;
  const finished = { ...run("run-1"), finishedAtMs: 9 };
  for (const each of [run("run-1"), run("run-2"), finished]) await state.saveRun(each);
  expect(await state.runs("things")).toEqual([finished, run("run-2")]);
  expect(await state.runs("others")).toEqual([]);
  const rows = ['["a","1"]', '["a","2"]'].map((key) => ({ view: "copies", owner: '["a"]', key }));
  const states = [
    segment({ worker: "one", rows, atMs: 7, after: '["a"]' }),
    segment({ worker: "two", scanned: 5 }),
    segment({ run: "run-2", segment: 1 }),
  ];
  for (const each of [segment({ worker: "one" }), ...states])
    await state.saveSegment("things", each);
  expect(await state.segments("things")).toEqual(states);
  expect(await state.segments("things", "run-1")).toEqual(states.slice(0, 2));
});

test("keys that do not fit into one item are refused before anything is written", async () => {
  const rows = Array.from({ length: 4_000 }, (_, n) => {
    const key = JSON.stringify([randomBytes(150).toString("base64")]);
    return { view: "copies", owner: JSON.stringify([n]), key };
  });
  await expect(
    opened.durable.saveSegment("large", segment({ run: "run-9", rows })),
  ).rejects.toMatchObject({ code: "refused", retriable: false });
  expect(await opened.durable.segments("large")).toEqual([]);
});

test("the furthest worker is one that is done, or that went over most", () => {
  const states = [
    segment({ worker: "a", scanned: 5 }),
    segment({ worker: "b", scanned: 9 }),
    segment({ worker: "c", segment: 1, scanned: 9 }),
    segment({ worker: "d", segment: 1, done: true, scanned: 3 }),
  ];
  const best = furthest(states);
  expect([best.get(0)?.worker, best.get(1)?.worker]).toEqual(["b", "d"]);
});
