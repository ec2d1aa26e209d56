import { describe, expect, test } from "@jest/globals";

import { functionDefinitions, functionResources } from "../../src/deploy/functions.js";
import { MAPPING_SETTINGS } from "../../src/lambda/mapping-settings.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import * as declared from "./declared.js";

const declarations = collectDeclarations(declared);
const settings = {
  stage: { name: "dev", tablePrefix: "shop-dev-", keepsData: false },
  redisUrl: "rediss://cache:6379",
};
const functions = functionDefinitions(declarations, settings);

function streamOf(table: string): unknown {
  return { "Fn::GetAtt": [table, "StreamArn"] };
}

function arnOf(resource: string): unknown {
  return { "Fn::GetAtt": [resource, "Arn"] };
}

describe("the functions of a deployment", () => {
  test("are one for the views in tables and one for those in the cache, with the handlers to match", () => {
    expect(Object.keys(functions)).toEqual(["tables", "cache"]);
    expect(functions["tables"]?.name).toBe("shop-dev-tables");
    expect(functions["tables"]?.handler).toBe("handlers/tables.handler");
    expect(functions["cache"]?.handler).toBe("handlers/cache.handler");
  });

  test("push a filter down to the mapping, where all that its views want is filtered", () => {
    const patterns = functions["tables"]?.events.map(({ stream }) => stream["filterPatterns"]);
    const total = { N: [{ exists: true }] };
    expect(patterns).toEqual([
      undefined,
      [{ dynamodb: { NewImage: { total } } }, { dynamodb: { OldImage: { total } } }],
    ]);
  });

  test("come with a role each, and one queue", () => {
    const resources = functionResources(declarations, settings.stage);
    const roles = Object.values(functions).map(({ role }) => role);
    expect(Object.keys(resources).sort()).toEqual([...roles, "FailuresQueue"].sort());
    expect(new Set(roles).size).toBe(2);
  });

  test("are each mapped to the streams that their own views follow, once each", () => {
    const arns = (name: string) => functions[name]?.events.map(({ stream }) => stream["arn"]);
    expect(arns("tables")).toEqual([streamOf("OrdersTable"), streamOf("OrdersByCustomerTable")]);
    expect(arns("cache")).toEqual([streamOf("OrdersTable")]);
  });

  test("are mapped with the settings that a laptop uses too", () => {
    const { maximumBatchingWindowInSeconds, reportBatchItemFailures, ...same } = MAPPING_SETTINGS;
    for (const { stream } of Object.values(functions).flatMap(({ events }) => events)) {
      expect(stream).toMatchObject({ type: "dynamodb", ...same });
      expect(stream["functionResponseType"] === "ReportBatchItemFailures").toBe(
        reportBatchItemFailures,
      );
      expect(stream["batchWindow"] ?? 0).toBe(maximumBatchingWindowInSeconds);
      expect(stream["destinations"]).toEqual({
        onFailure: { type: "sqs", arn: arnOf("FailuresQueue") },
      });
    }
  });

  test("are told the stage's tables, and the address of the cache only where they need it", () => {
    expect(functions["tables"]?.environment).toMatchObject({
      MILLRACE_TABLE_PREFIX: "shop-dev-",
      MILLRACE_STATE_TABLE: { Ref: "MillraceStateTable" },
    });
    expect(functions["tables"]?.environment).not.toHaveProperty("REDIS_URL");
    expect(functions["cache"]?.environment).toMatchObject({ REDIS_URL: "rediss://cache:6379" });
  });
});
