import { describe, expect, test } from "@jest/globals";

import { mappingResources } from "../../src/deploy/mappings.js";
import { MAPPING_SETTINGS } from "../../src/lambda/mapping-settings.js";
import { deploymentOf } from "./declared.js";

/** Those of streams; those of queues have a test of their own. */
const mappings = Object.fromEntries(
  Object.entries(mappingResources(deploymentOf())).filter(
    ([, { Properties }]) => "StartingPosition" in Properties,
  ),
);
const HOUR_SECONDS = 3600;

function propertiesOf(name: string): Readonly<Record<string, unknown>> {
  return mappings[name]?.Properties ?? {};
}

describe("the event source mappings of a deployment", () => {
  test("are one for each function and each stream that its views follow", () => {
    const pairs = Object.entries(mappings).map(([name, { Properties }]) => [
      name,
      Properties["FunctionName"],
      Properties["EventSourceArn"],
    ]);
    const tables = { "Fn::GetAtt": ["TablesLambdaFunction", "Arn"] };
    const cache = { "Fn::GetAtt": ["CacheLambdaFunction", "Arn"] };
    const stream = (table: string) => ({ "Fn::GetAtt": [table, "StreamArn"] });
    expect(pairs).toEqual([
      ["TablesOrdersMapping", tables, stream("OrdersTable")],
      ["TablesOrdersByCustomerMapping", tables, stream("OrdersByCustomerTable")],
      ["CacheOrdersMapping", cache, stream("OrdersTable")],
    ]);
  });

  test.each(Object.entries(mappings))("are set as a laptop's are: %s", (_name, { Properties }) => {
    expect(Properties).toMatchObject({
      BatchSize: MAPPING_SETTINGS.batchSize,
      MaximumBatchingWindowInSeconds: MAPPING_SETTINGS.maximumBatchingWindowInSeconds,
      ParallelizationFactor: MAPPING_SETTINGS.parallelizationFactor,
    });
  });

  test.each(Object.entries(mappings))(
    "lose nothing: %s begins at the oldest record, cuts a failing batch, and gives a record up only while the stream still has it",
    (_name, { Properties }) => {
      expect(Properties["StartingPosition"]).toBe("TRIM_HORIZON");
      expect(Properties["FunctionResponseTypes"]).toEqual(["ReportBatchItemFailures"]);
      expect(Properties["BisectBatchOnFunctionError"]).toBe(true);
      // The number of tries has no end: time bounds them, well within the 24 hours of the stream.
      expect(Properties["MaximumRetryAttempts"]).toBe(-1);
      expect(Properties["MaximumRecordAgeInSeconds"]).toBe(18 * HOUR_SECONDS);
    },
  );

  test.each(Object.entries(mappings))(
    "G39: %s hands over what it gives up, the records themselves, and counts what passes",
    (_name, { Properties }) => {
      expect(Properties["DestinationConfig"]).toEqual({
        OnFailure: { Destination: { "Fn::GetAtt": ["FailuresBucket", "Arn"] } },
      });
      expect(Properties["MetricsConfig"]).toEqual({ Metrics: ["EventCount"] });
    },
  );

  test("filter on the new image or the old, where all that a function's views want is filtered", () => {
    expect(propertiesOf("TablesOrdersMapping")).not.toHaveProperty("FilterCriteria");
    const total = { N: [{ exists: true }] };
    expect(propertiesOf("TablesOrdersByCustomerMapping")["FilterCriteria"]).toEqual({
      Filters: [
        { Pattern: JSON.stringify({ dynamodb: { NewImage: { total } } }) },
        { Pattern: JSON.stringify({ dynamodb: { OldImage: { total } } }) },
      ],
    });
  });

  test("follow the stream that is given of a table that exists", () => {
    const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/o/stream/2026-01-01T00:00:00.000";
    const existing = mappingResources(deploymentOf({ existingTables: { orders: arn } }));
    expect(existing["CacheOrdersMapping"]?.Properties["EventSourceArn"]).toBe(arn);
  });
});
