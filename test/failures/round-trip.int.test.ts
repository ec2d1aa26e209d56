import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { SQSRecord } from "aws-lambda";

import { encodeItem } from "../../src/change/encode-item.js";
import { composeFailuresHandler } from "../../src/compose-failures.js";
import { composeRedrive } from "../../src/compose-redrive.js";
import type { Config } from "../../src/config.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { createMemoryCheckpoints } from "../../src/local/event-source-mapping/checkpoint-store.js";
import { createEventSourceMapping } from "../../src/local/event-source-mapping/create-event-source-mapping.js";
import {
  type Failure,
  failureMessage,
  failureObjectKey,
} from "../../src/local/event-source-mapping/failure-message.js";
import { redrive } from "../../src/redrive/redrive.js";
import { createDynamoDbSink } from "../../src/sink/dynamodb/dynamodb-sink.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { byCustomer, health, totals } from "../redrive/redrive-under-test.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";

const exports = { byCustomer, totals };
const declarations = collectDeclarations(exports);
const QUIET = { POWERTOOLS_LOG_LEVEL: "SILENT", POWERTOOLS_METRICS_DISABLED: "true" };

const opened = {} as { client: DynamoDBClient; streams: DynamoDBStreamsClient };
beforeAll(() => {
  Object.assign(process.env, QUIET);
  opened.client = testDynamoDb();
  opened.streams = new DynamoDBStreamsClient({
    endpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    region: "us-east-1",
  });
});
afterAll(() => {
  for (const name of Object.keys(QUIET)) delete process.env[name];
  opened.client.destroy();
  opened.streams.destroy();
});

/** Tables, and a function that fails with every batch, so that the mapping gives each up at once. */
async function givenUp(name: string, orders: number) {
  const { client, streams } = opened;
  const url = endpoint("MILLRACE_TEST_DYNAMODB");
  const config: Config = {
    tablePrefix: `${name}-${process.pid}-`,
    stateTable: `${name}-${process.pid}-state`,
    dynamodbEndpoint: url,
    streamsEndpoint: url,
  };
  const tables = await ensureTables({
    client,
    declarations,
    physicalName: (table) => config.tablePrefix + table,
    stateTable: config.stateTable,
  });
  const { streamArn = "" } = tables.find(({ definition }) => definition.table === "orders")!;
  const TableName = `${config.tablePrefix}orders`;
  for (let n = 0; n < orders; n++) {
    const Item = encodeItem({ id: `o-${n % 4}`, customer: `c${n % 3}`, total: n });
    await client.send(new PutItemCommand({ TableName, Item }));
  }
  const failures: Failure[] = [];
  let onAll: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (onAll = resolve));
  const mapping = await createEventSourceMapping({
    ...{ streamArn, streams, functionName: `${config.tablePrefix}tables`, timeoutSeconds: 5 },
    handler: () => Promise.reject(new Error("out of memory")),
    startingPosition: "TRIM_HORIZON",
    batchSize: 4,
    maximumRetryAttempts: 0,
    checkpoints: createMemoryCheckpoints(),
    onFailure: {
      send: async (failure) => {
        failures.push(failure);
        const records = failures.reduce((sum, each) => sum + each.records.length, 0);
        if (records >= orders) onAll();
      },
    },
  });
  await all;
  await mapping.stop();
  return { config, failures };
}

function message(body: unknown): SQSRecord {
  return { messageId: `m-${Math.random()}`, body: JSON.stringify(body) } as SQSRecord;
}

const CONTEXT = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "r" };

/** Redrives, and gives the rows of the view beside what they should be. */
async function redriven(config: Config) {
  health.isFixed = true;
  const composed = composeRedrive(config, declarations);
  const report = await redrive(composed.parts);
  const client = opened.client;
  const sink = createDynamoDbSink({ client, tableName: ({ table }) => config.tablePrefix + table });
  const rows = [];
  for await (const { value } of sink.scan(byCustomer)) rows.push(value);
  await composed.close();
  return { report, rows };
}

const TRUE_ROWS = [
  { id: "o-0", customer: "c2", total: 8 },
  { id: "o-1", customer: "c0", total: 9 },
  { id: "o-2", customer: "c0", total: 6 },
  { id: "o-3", customer: "c1", total: 7 },
];

describe("G64: a batch given up by the mapping", () => {
  test.each(["sqs", "s3"] as const)(
    "and told to %s is fetched, quarantined, and redriven until the view is true",
    async (kind) => {
      const { config, failures } = await givenUp(`given-up-${kind}`, 10);
      const objects = new Map<string, string>();
      const bodies = failures.map((failure) => {
        const told = failureMessage(failure, kind);
        if (kind === "sqs") return told;
        const key = failureObjectKey(failure, `u ${objects.size}`);
        objects.set(key, JSON.stringify(told));
        const object = { key: encodeURIComponent(key).replaceAll("%20", "+") };
        return {
          Records: [{ eventSource: "aws:s3", s3: { bucket: { name: "failures" }, object } }],
        };
      });
      const handler = composeFailuresHandler(config, exports, async ({ bucket, key }) => {
        expect(bucket).toBe("failures");
        return objects.get(key)!;
      });
      const event = { Records: bodies.map(message) };
      expect(await handler(event, CONTEXT)).toEqual({ batchItemFailures: [] });
      // SQS, too, delivers at least once.
      expect(await handler(event, CONTEXT)).toEqual({ batchItemFailures: [] });
      const { report, rows } = await redriven(config);
      expect(report).toMatchObject({ ok: true });
      expect(report.views.map(({ view, redriven }) => [view, redriven])).toEqual([
        ["by-customer", 4],
        ["totals", 4],
      ]);
      const inOrder = rows.toSorted((a, b) => (String(a!["id"]) < String(b!["id"]) ? -1 : 1));
      expect(inOrder).toEqual(TRUE_ROWS);
    },
  );

  test("whose stream is gone is counted as lost, and stays in sight", async () => {
    const { config, failures } = await givenUp("gone", 3);
    const told = JSON.stringify(failureMessage(failures[0]!, "sqs"));
    const handler = composeFailuresHandler(config, exports, () => Promise.reject(new Error()));
    const gone = JSON.parse(told.replace(/\/stream\/[^"]+/, "/stream/2020-01-01T00:00:00.000")) as object; // prettier-ignore
    expect(await handler({ Records: [message(gone)] }, CONTEXT)).toEqual({ batchItemFailures: [] });
    const { report } = await redriven(config);
    expect(report).toMatchObject({
      ok: false,
      stays: [{ view: "*", code: "lost", message: expect.stringMatching(/3 records .* no longer in the stream .* backfill by-customer totals/) as unknown }], // prettier-ignore
    });
  });
});
