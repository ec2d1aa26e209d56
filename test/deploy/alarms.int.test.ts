import { CreateTableCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, expect, jest, test } from "@jest/globals";

import { composeHandler, dynamoDbClient, tableSink } from "../../src/compose.js";
import { readConfig } from "../../src/config.js";
import { alarmResources } from "../../src/deploy/alarms.js";
import { allTables } from "../../src/deploy/tables.js";
import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import * as declared from "./declared.js";

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

test("the alarm on quarantine watches the very metric that a function writes when it quarantines", async () => {
  const declarations = collectDeclarations(declared);
  for (const definition of allTables(declarations)) {
    const input = createTableInput({ ...definition, followed: false }, prefix + definition.table);
    await client.send(new CreateTableCommand(input));
  }
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
  const handler = composeHandler(config, declared, client, {
    "table-view": tableSink(config, client),
  });
  const keys = ["orderId"];
  const record = streamRecord({
    new: { orderId: "1", customerId: "" },
    table: `${prefix}orders`,
    keys,
  });
  const context = { getRemainingTimeInMillis: () => 30_000, awsRequestId: "1" };
  await handler({ Records: [record] }, context);
  const written = log.mock.calls.map(([line]) => JSON.parse(String(line)) as EmbeddedMetrics);
  log.mockRestore();
  process.env = before;

  const { Metrics } = alarmResources(declared.deploymentOf())["QuarantineAlarm"]!.Properties as {
    Metrics: readonly { readonly MetricStat?: { readonly Metric: Watched } }[];
  };
  const watched = Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []));
  const counts = written.flatMap((line) => watched.map((metric) => countOf(line, metric)));
  expect(counts.filter((count) => count === 1)).toHaveLength(1);
});
