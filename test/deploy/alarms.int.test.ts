import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";

import { composeHandler, dynamoDbClient, tableSink } from "../../src/compose.js";
import { composeFailuresHandler } from "../../src/compose-failures.js";
import { readConfig } from "../../src/config.js";
import { alarmResources } from "../../src/deploy/alarms.js";
import { allTables } from "../../src/deploy/tables.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import * as declared from "./declared.js";
import { givenUp, objectNotice, queueEvent } from "./packaged-queues.js";

const prefix = `alarm${process.pid}-`;
const config = readConfig({
  MILLRACE_TABLE_PREFIX: prefix,
  AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
});
const client = dynamoDbClient(config);
afterAll(() => client.destroy());

interface EmbeddedMetrics {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string;
        readonly Dimensions: readonly (readonly string[])[];
        readonly Metrics: readonly { readonly Name: string }[];
      },
    ];
  };
  readonly [name: string]: unknown;
}

interface Watched {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
}

/** Whether what a function wrote for CloudWatch is the metric that an alarm watches, and what it counts. */
function countOf(written: EmbeddedMetrics, watched: Watched): unknown {
  const [{ Namespace, Dimensions, Metrics }] = written._aws.CloudWatchMetrics;
  const names = watched.Dimensions.map(({ Name }) => Name).sort();
  const isWatched =
    Namespace === watched.Namespace &&
    Dimensions.some((set) => [...set].sort().join() === names.join()) &&
    watched.Dimensions.every(({ Name, Value }) => written[Name] === Value) &&
    Metrics.some(({ Name }) => Name === watched.MetricName);
  return isWatched ? written[watched.MetricName] : undefined;
}

beforeAll(async () => {
  for (const definition of allTables(collectDeclarations(declared))) {
    const input = createTableInput({ ...definition, followed: false }, prefix + definition.table);
    await client.send(new CreateTableCommand(input));
  }
});

/** What a function writes for CloudWatch while it is called. */
async function writtenBy(call: () => Promise<unknown>): Promise<readonly EmbeddedMetrics[]> {
  const before = process.env;
  process.env = {
    ...before,
    POWERTOOLS_SERVICE_NAME: "shop-dev",
    // Written to the console that this test listens to.
    POWERTOOLS_DEV: "true",
    POWERTOOLS_METRICS_DISABLED: "false",
    POWERTOOLS_LOG_LEVEL: "SILENT",
  };
  const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
  await call();
  const written = log.mock.calls.map(([line]) => JSON.parse(String(line)) as EmbeddedMetrics);
  log.mockRestore();
  process.env = before;
  return written;
}

/** What an alarm's metrics count in what was written, zeros left out. */
function countsOf(alarm: string, written: readonly EmbeddedMetrics[]): readonly unknown[] {
  const { Properties } = alarmResources(declared.deploymentOf())[alarm]!;
  const { Metrics } = Properties as { Metrics?: readonly { MetricStat?: { Metric: Watched } }[] };
  const watched = Metrics?.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : [])) ?? [
    Properties as unknown as Watched,
  ];
  return written
    .flatMap((line) => watched.map((metric) => countOf(line, metric)))
    .filter((count) => count !== undefined && count !== 0);
}

const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "1" };
const table = `${prefix}orders`;

test("the alarm on quarantine watches the very metric that a function writes when it quarantines", async () => {
  const written = await writtenBy(() => {
    const handler = composeHandler(config, declared, client, {
      "table-view": tableSink(config, client),
    });
    const keys = ["orderId"];
    const record = streamRecord({ new: { orderId: "1", customerId: "" }, table, keys });
    return handler({ Records: [record] }, context);
  });
  expect(countsOf("QuarantineAlarm", written)).toEqual([1]);
});

test("G67: the alarms on what was given up and on what was lost watch the very metrics that the second net writes", async () => {
  const keys = ["orderId"];
  const record = streamRecord({ new: { orderId: "2", customerId: "c" }, table, keys });
  // This table has no stream, so that only what the bucket has is found.
  const where = { streamArn: record.eventSourceARN!, shardId: "shardId-00000001" };
  const take = (kind: "s3" | "sqs") =>
    writtenBy(async () => {
      const told = givenUp(`${prefix}tables`, record, { ...where, kind });
      const handler = composeFailuresHandler(config, declared, async () => told);
      const body = kind === "s3" ? objectNotice("failures", "aws/lambda/1") : told;
      expect(await handler(queueEvent(body), context)).toEqual({ batchItemFailures: [] });
    });
  const found = await take("s3");
  expect([countsOf("QuarantineAlarm", found), countsOf("LostAlarm", found)]).toEqual([[1], []]);
  const lost = await take("sqs");
  expect([countsOf("QuarantineAlarm", lost), countsOf("LostAlarm", lost)]).toEqual([[], [1]]);
});
