import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { functionDefinitions, functionResources } from "../../src/deploy/functions.js";
import { MAPPING_SETTINGS } from "../../src/lambda/mapping-settings.js";
import { collectDeclarations, type Declarations } from "../../src/view/declarations.js";
import * as declared from "./declared.js";

const { orders, orderCards, ordersByCustomer } = declared;
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

interface Statement {
  readonly Effect: string;
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
}

/** What a function's role allows. */
function statementsOf(of: Declarations, name: string): readonly Statement[] {
  const role = functionResources(of, settings.stage)[
    functionDefinitions(of, settings)[name]?.role ?? ""
  ];
  const [policy] = role?.Properties["Policies"] as [{ PolicyDocument: { Statement: Statement[] } }];
  return policy.PolicyDocument.Statement;
}

/** The actions that a function's role allows on a resource. */
function allowedOn(name: string, resource: unknown): string[] {
  return statementsOf(declarations, name)
    .filter(({ Resource }) => Resource.some((one) => isSame(one, resource)))
    .flatMap(({ Action }) => Action);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/**
 * The actions that the code of a folder asks of DynamoDB, by the commands and transaction parts it names; but for
 * GetItem, which only verification and the listing of quarantine ask, and no function does.
 */
function actionsUsedIn(...folders: string[]): string[] {
  const root = resolve(import.meta.dirname, "../../src");
  const code = folders
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(root, folder, file)))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const commands = [...code.matchAll(/\b(\w+)Command\(/g)].map(([, name]) => name!);
  const parts = [...code.matchAll(/\{ (Put|Update|Delete|ConditionCheck): /g)].map(([, name]) =>
    name === "ConditionCheck" ? "ConditionCheckItem" : `${name}Item`,
  );
  const queries = code.includes("paginateQuery(") ? ["Query"] : [];
  const used = [...commands.filter((name) => name !== "TransactWriteItems"), ...parts, ...queries];
  return [...new Set(used)]
    .filter((name) => name !== "GetItem")
    .map((name) => `dynamodb:${name}`)
    .sort();
}

describe("the functions of a deployment", () => {
  test("are one for the views in tables and one for those in the cache, with the handlers to match", () => {
    expect(Object.keys(functions)).toEqual(["tables", "cache"]);
    expect(functions["tables"]?.handler).toBe("handlers/tables.handler");
    expect(functions["cache"]?.handler).toBe("handlers/cache.handler");
  });

  test("are none for a kind of view that nobody declared", () => {
    const only = (...views: Declarations["views"]) =>
      Object.keys(functionDefinitions({ sources: [orders], views }, settings));
    expect(only(ordersByCustomer)).toEqual(["tables"]);
    expect(only(orderCards)).toEqual(["cache"]);
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

describe("the role of a function", () => {
  test("lets it read the streams it is mapped to, and no other", () => {
    const reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
    expect(allowedOn("tables", streamOf("OrdersTable"))).toEqual(reading);
    expect(allowedOn("tables", streamOf("OrdersByCustomerTable"))).toEqual(reading);
    expect(allowedOn("cache", streamOf("OrdersTable"))).toEqual(reading);
    expect(allowedOn("cache", streamOf("OrdersByCustomerTable"))).toEqual([]);
  });

  test("lets it write its own views' tables with what the sink asks, and nobody's source", () => {
    const sinkActions = actionsUsedIn("sink/dynamodb");
    expect(sinkActions.length).toBeGreaterThan(0);
    for (const table of ["OrdersByCustomerTable", "LargeTable"]) {
      expect(allowedOn("tables", arnOf(table)).sort()).toEqual(sinkActions);
      expect(allowedOn("cache", arnOf(table))).toEqual([]);
    }
    for (const table of ["OrdersTable", "CustomersTable"]) {
      expect(allowedOn("tables", arnOf(table))).toEqual([]);
      expect(allowedOn("cache", arnOf(table))).toEqual([]);
    }
  });

  test("lets it keep quarantine in the state table, and hand over what Lambda gives up", () => {
    const stateActions = actionsUsedIn("state");
    expect(stateActions.length).toBeGreaterThan(0);
    for (const name of ["tables", "cache"]) {
      expect(allowedOn(name, arnOf("MillraceStateTable")).sort()).toEqual(stateActions);
      expect(allowedOn(name, arnOf("FailuresQueue"))).toEqual(["sqs:SendMessage"]);
    }
  });

  test("lets it write its own log group, and make none", () => {
    const logs = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:";
    expect(allowedOn("cache", { "Fn::Sub": `${logs}/aws/lambda/shop-dev-cache:*` })).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
    expect(functions["cache"]?.name).toBe("shop-dev-cache");
  });

  test("names every resource but the one call that knows none, and no action by a wildcard", () => {
    for (const name of ["tables", "cache"]) {
      const statements = statementsOf(declarations, name);
      expect(statements.every(({ Effect }) => Effect === "Allow")).toBe(true);
      const everywhere = statements.filter(({ Resource }) => Resource.includes("*"));
      expect(everywhere.flatMap(({ Action }) => Action)).toEqual(["dynamodb:ListStreams"]);
      expect(statements.flatMap(({ Action }) => Action).join()).not.toContain("*");
    }
  });

  test("grows with the views, and only for what they read and write", () => {
    const before = statementsOf({ sources: [orders], views: [ordersByCustomer] }, "tables");
    const views = [ordersByCustomer, declared.largeOrders];
    const after = statementsOf({ sources: [orders], views }, "tables");
    const resources = (statements: readonly Statement[]) =>
      statements.flatMap(({ Resource }) => Resource.map((one) => JSON.stringify(one)));
    const added = resources(after).filter((one) => !resources(before).includes(one));
    expect(added).toEqual(
      [streamOf("OrdersByCustomerTable"), arnOf("LargeTable")].map((one) => JSON.stringify(one)),
    );
  });
});

describe("the queue for what Lambda gives up", () => {
  test("keeps it for as long as SQS can", () => {
    expect(functionResources(declarations, settings.stage)["FailuresQueue"]).toMatchObject({
      Type: "AWS::SQS::Queue",
      Properties: { MessageRetentionPeriod: 1_209_600 },
    });
  });
});
