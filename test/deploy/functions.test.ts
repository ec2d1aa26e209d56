import { describe, expect, test } from "@jest/globals";

import { declaredName, physicalName, readConfig } from "../../src/config.js";
import { functionLogicalName, functionSpecs } from "../../src/deploy/functions.js";
import { serverlessParts } from "../../src/deploy/serverless.js";
import { synthesize } from "../../src/deploy/synthesize.js";
import * as declared from "./declared.js";
import { deploymentOf } from "./declared.js";

const STREAM =
  "arn:aws:dynamodb:us-east-1:123456789012:table/legacy.orders/stream/2026-01-01T00:00:00.000";

/** The function of a name. */
function functionOf(name: string, settings: Parameters<typeof deploymentOf>[0] = {}) {
  return functionSpecs(deploymentOf(settings)).find((spec) => spec.name === name)!;
}

describe("the functions of a deployment", () => {
  test("are those of the plan, with the handlers to match", () => {
    const specs = functionSpecs(deploymentOf());
    expect(specs.map(({ name, handler }) => [name, handler])).toEqual(
      ["tables", "cache", "failures", "backfill"].map((name) => [name, `handlers/${name}.handler`]),
    );
    expect(functionOf("tables")).toMatchObject({
      physicalName: "shop-dev-tables",
      handler: "handlers/tables.handler",
      role: "TablesFunctionRole",
    });
  });

  test("have a whole core where the SDK is the work, less where the network is, and a minute for a batch", () => {
    expect(functionOf("tables")).toMatchObject({ memoryMb: 1769, timeoutSeconds: 60 });
    expect(functionOf("cache")).toMatchObject({ memoryMb: 1024, timeoutSeconds: 60 });
    expect(functionOf("failures")).toMatchObject({ memoryMb: 512, timeoutSeconds: 300 });
    expect(functionOf("backfill")).toMatchObject({ memoryMb: 1769, timeoutSeconds: 150 });
  });

  test("know the queue of backfills where they send to it, and only there", () => {
    const { environment } = functionOf("backfill");
    expect(environment["MILLRACE_BACKFILL_QUEUE"]).toEqual({ Ref: "BackfillQueue" });
    for (const name of ["tables", "cache", "failures"])
      expect(functionOf(name).environment).not.toHaveProperty("MILLRACE_BACKFILL_QUEUE");
  });

  test("G68: that backfill views in the cache are where it is reached, and the one for failures is not", () => {
    expect(functionOf("backfill").vpc).toEqual(functionOf("cache").vpc);
    expect(functionOf("backfill").vpc).toBeDefined();
    expect(functionOf("backfill").environment).toMatchObject({ REDIS_CLUSTER: "true" });
    expect(functionOf("failures").vpc).toBeUndefined();
    expect(functionOf("failures").environment).not.toHaveProperty("REDIS_URL");
    const { ordersByCustomer } = declared;
    const tablesOnly = functionSpecs(deploymentOf({}, { ordersByCustomer }));
    expect(tablesOnly.map(({ name, vpc }) => [name, vpc])).toEqual([
      ["tables", undefined],
      ["failures", undefined],
      ["backfill", undefined],
    ]);
  });

  test("N29: say that they call themselves on purpose where they do, or Lambda would end them as a loop", () => {
    const parts = serverlessParts({ ...declared }, { service: "shop", stage: "dev" });
    const { Resources } = synthesize({ ...declared }, { service: "shop", stage: "dev" });
    const looping = { tables: undefined, cache: undefined, failures: undefined, backfill: "Allow" };
    for (const [name, recursiveLoop] of Object.entries(looping)) {
      expect([name, parts.functions[name]?.recursiveLoop]).toEqual([name, recursiveLoop]);
      const { Properties } = Resources[functionLogicalName(name)]!;
      expect([name, Properties["RecursiveLoop"]]).toEqual([name, recursiveLoop]);
    }
  });

  test("are told the stage's tables, and what names their metrics", () => {
    expect(functionOf("tables").environment).toEqual({
      MILLRACE_TABLE_PREFIX: "shop-dev-",
      MILLRACE_STATE_TABLE: { Ref: "MillraceStateTable" },
      POWERTOOLS_SERVICE_NAME: "shop-dev",
      NODE_OPTIONS: "--enable-source-maps",
    });
  });

  test("are told where an existing cache is, and put where it is reached, if that is said", () => {
    const url = "rediss://cache:6379";
    expect(functionOf("cache", { redisUrl: url }).environment).toMatchObject({ REDIS_URL: url });
    expect(functionOf("cache", { redisUrl: url }).vpc).toBeUndefined();
    const reached = { redisUrl: url, subnetIds: "subnet-1, subnet-2", securityGroupIds: ["sg-1"] };
    expect(functionOf("cache", reached).vpc).toEqual({
      subnetIds: ["subnet-1", "subnet-2"],
      securityGroupIds: ["sg-1"],
    });
    expect(functionOf("tables", reached).vpc).toBeUndefined();
    expect(functionOf("tables", reached).environment).not.toHaveProperty("REDIS_URL");
  });

  test("know a table that exists by its own name", () => {
    const { environment } = functionOf("tables", { existingTables: { orders: STREAM } });
    expect(environment["MILLRACE_TABLE_NAMES"]).toBe("orders=legacy.orders");
    const config = readConfig({
      MILLRACE_TABLE_NAMES: environment["MILLRACE_TABLE_NAMES"] as string,
      MILLRACE_TABLE_PREFIX: "shop-dev-",
    });
    expect(physicalName(config, "orders")).toBe("legacy.orders");
    expect(declaredName(config, "legacy.orders")).toBe("orders");
    expect(physicalName(config, "large")).toBe("shop-dev-large");
    expect(declaredName(config, "shop-dev-large")).toBe("large");
    expect(declaredName(config, "others")).toBeUndefined();
  });

  test("know it too where CloudFormation has to fill the stream in", () => {
    const stream = { "Fn::ImportValue": "legacy-orders-stream" };
    const { environment } = functionOf("tables", { existingTables: { orders: stream } });
    const name = { "Fn::Select": [1, { "Fn::Split": ["/", stream] }] };
    expect(environment["MILLRACE_TABLE_NAMES"]).toEqual({
      "Fn::Join": [",", [{ "Fn::Join": ["=", ["orders", name]] }]],
    });
  });
});
