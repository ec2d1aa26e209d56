import { DescribeTableCommand, UpdateTableCommand } from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { StreamRecord } from "../../src/change/decode-record.js";
import { createStatusReader, type StatusReader } from "../../src/compose-status.js";
import type { Config } from "../../src/config.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { toMappedRecord } from "../../src/local/event-source-mapping/stream-event.js";
import { createProgressRecorder } from "../../src/pipeline/record-progress.js";
import { createDynamoDbProgress } from "../../src/state/dynamodb-progress.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { pipelineUnderTest } from "../pipeline/pipeline-under-test.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { putItems } from "../support/put-items.js";

const prefix = `status-${process.pid}-${Date.now()}-`;
const stateTable = `${prefix}millrace-state`;
const TableName = `${prefix}orders`;
const orders = source<{ id: string; total: number }>({ table: "orders", key: ["id"] });
const totals = tableView({
  name: "totals",
  source: orders,
  key: ["id"],
  row: ({ id, total }) => {
    if (total < 0) throw new RangeError("a total below nothing");
    return { id, total };
  },
});
const views = [totals];
const client = testDynamoDb();
const streams = new DynamoDBStreamsClient({
  endpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
  region: "us-east-1",
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
const progress = createDynamoDbProgress({ client, tableName: stateTable });
const opened = {} as { status: StatusReader };

/** All records of the table's present stream, as Lambda hands them over. */
async function streamRecords(): Promise<StreamRecord[]> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName }));
  const StreamArn = Table?.LatestStreamArn ?? "";
  const { StreamDescription } = await streams.send(new DescribeStreamCommand({ StreamArn }));
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
  const { ShardIterator } = await streams.send(
    new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
  );
  const { Records = [] } = await streams.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map((record) => toMappedRecord(record, StreamArn).record);
}

/** A pipeline that did all there is in the stream, and recorded it; a new container each time. */
async function processAll(): Promise<void> {
  const pipeline = pipelineUnderTest({
    views,
    quarantine: createDynamoDbQuarantine({ client, tableName: stateTable }),
    declaredName: () => "orders",
    progress: createProgressRecorder({
      store: progress,
      function: "tables",
      clock: { nowMs: Date.now },
      later: (ms, act) => void setTimeout(act, ms).unref(),
    }),
  });
  expect((await pipeline.process(await streamRecords())).unrecorded).toBeUndefined();
}

/** As if the last batch had ended longer ago than a function counts as at work. */
async function letPass(): Promise<void> {
  const [recorded] = (await progress.read("orders")).functions;
  const none = { batches: 0, changes: 0, views: {} };
  await progress.record({
    ...{ source: "orders", function: "tables", lagMs: recorded?.lagMs ?? 0, ...none },
    batchEndedAtMs: Date.now() - 60_000,
  });
}

async function setStream(StreamSpecification: {
  StreamEnabled: boolean;
  StreamViewType?: "NEW_AND_OLD_IMAGES" | "KEYS_ONLY";
}): Promise<void> {
  await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
}

async function seen() {
  const report = await opened.status.read(views);
  const [{ functions, problems, views: seenViews } = { functions: [], problems: [], views: [] }] =
    report.sources;
  return { ok: report.ok, state: functions[0]?.state, problems, view: seenViews[0] };
}

beforeAll(async () => {
  const config: Config = {
    ...{ tablePrefix: prefix, stateTable },
    dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    streamsEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
  };
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });
  opened.status = createStatusReader(config);
  await ensureTables({
    client,
    declarations: collectDeclarations({ totals }),
    physicalName: (table) => prefix + table,
    stateTable,
  });
});

afterAll(() => {
  opened.status.close();
  client.destroy();
  streams.destroy();
});

/** One history of a table, told in its order. */
describe("G42: on real tables, status says of a table", () => {
  test("that nothing was done yet, and nothing is to be", async () => {
    expect(await seen()).toMatchObject({ ok: true, state: "new", problems: [] });
  });

  test("that its changes wait while nothing reads them", async () => {
    await putItems(client, TableName, { id: "1", total: 1 });
    const { state } = await seen();
    expect(["behind", "stopped"]).toContain(state);
  });

  test("what became of them, once something has", async () => {
    await putItems(client, TableName, { id: "2", total: 2 });
    await processAll();
    const { ok, state, view } = await seen();
    expect([ok, state]).toEqual([true, "working"]);
    expect(view).toMatchObject({ applied: 2, quarantined: 0, fenced: 0 });
    await letPass();
    expect(await seen()).toMatchObject({ ok: true, state: "idle" });
  });

  test("that newer changes are in the stream, once it is written to again", async () => {
    await putItems(client, TableName, { id: "3", total: 3 });
    const { state } = await seen();
    expect(["behind", "stopped"]).toContain(state);
  });

  test("what is in quarantine and behind a fence", async () => {
    await putItems(client, TableName, { id: "4", total: -4 });
    await processAll();
    const { ok, view, problems } = await seen();
    expect([ok, view?.quarantined, view?.fenced]).toEqual([false, 1, 1]);
    expect(problems).toMatchObject([{ kind: "quarantine" }]);
  });

  test("G41: that its stream is off, or of the wrong kind, and is another one when it is right again, until mended", async () => {
    await setStream({ StreamEnabled: false });
    const kindsOf = async () => (await seen()).problems.map(({ kind }) => kind);
    expect(await kindsOf()).toEqual(["stream", "quarantine"]);
    await setStream({ StreamEnabled: true, StreamViewType: "KEYS_ONLY" });
    expect(await kindsOf()).toEqual(["stream", "quarantine"]);
    await setStream({ StreamEnabled: false });
    await setStream({ StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" });
    expect(await kindsOf()).toEqual(["loss", "quarantine"]);
    await putItems(client, TableName, { id: "5", total: 5 });
    await processAll();
    expect(await kindsOf()).toEqual(["loss", "quarantine"]);
    await progress.markMended("orders", "totals", Date.now());
    expect(await kindsOf()).toEqual(["quarantine"]);
  });
});
