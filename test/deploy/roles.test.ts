import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { roleLogicalName, roleResources, type Statement } from "../../src/deploy/roles.js";
import { tableView } from "../../src/view/table-view.js";
import * as declared from "./declared.js";
import { deploymentOf } from "./declared.js";

type Settings = Parameters<typeof deploymentOf>[0];

function arnOf(resource: string): unknown {
  return { "Fn::GetAtt": [resource, "Arn"] };
}

function streamOf(resource: string): unknown {
  return { "Fn::GetAtt": [resource, "StreamArn"] };
}

/** What a function's role says. */
function statementsOf(
  name: string,
  settings: Settings = {},
  exports?: Readonly<Record<string, unknown>>,
): readonly Statement[] {
  const { Properties } = roleResources(deploymentOf(settings, exports))[roleLogicalName(name)]!;
  const [policy] = Properties["Policies"] as [{ PolicyDocument: { Statement: Statement[] } }];
  return policy.PolicyDocument.Statement;
}

/** The actions that a function's role allows on a resource. */
function allowedOn(name: string, resource: unknown): string[] {
  return statementsOf(name)
    .filter(({ Effect }) => Effect === "Allow")
    .filter(({ Resource }) => Resource.some((one) => isSame(one, resource)))
    .flatMap(({ Action }) => Action);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Modules of the state table that handlers of changes never reach. */
const OPERATIONS = [
  "quarantine-writes.ts",
  "dynamodb-view-records.ts",
  "dynamodb-backfill-state.ts",
];

/**
 * The actions that the code of a folder asks of DynamoDB, by the commands and transaction parts it names; but for
 * GetItem, which only verification and the listing of quarantine ask, and no function does.
 */
function actionsUsedIn(...folders: string[]): string[] {
  const root = resolve(import.meta.dirname, "../../src");
  const code = folders
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(root, folder, file)))
    .filter((path) => !OPERATIONS.some((file) => path.endsWith(file)))
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");
  const commands = [...code.matchAll(/\b(\w+)Command\(/g)].map(([, name]) => name!);
  const parts = [...code.matchAll(/\{ (Put|Update|Delete|ConditionCheck): /g)].map(([, name]) =>
    name === "ConditionCheck" ? "ConditionCheckItem" : `${name}Item`,
  );
  const queries = code.includes("paginateQuery(") ? ["Query"] : [];
  const statements = [...code.matchAll(/`(INSERT INTO|UPDATE) \$\{quoted/g)].map(([, verb]) =>
    verb === "UPDATE" ? "PartiQLUpdate" : "PartiQLInsert",
  );
  const calls = commands.filter(
    (name) => !/^(TransactWriteItems|BatchExecuteStatement)$/.test(name),
  );
  const used = [...calls, ...parts, ...queries, ...statements];
  return [...new Set(used)]
    .filter((name) => name !== "GetItem")
    .map((name) => `dynamodb:${name}`)
    .sort();
}

describe("the role of a function", () => {
  test("is one that Lambda alone takes on, named after the function", () => {
    expect(roleResources(deploymentOf())["TablesFunctionRole"]).toMatchObject({
      Type: "AWS::IAM::Role",
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: [
            {
              Effect: "Allow",
              Principal: { Service: ["lambda.amazonaws.com"] },
              Action: ["sts:AssumeRole"],
            },
          ],
        },
      },
    });
  });

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
      const objects = { "Fn::Sub": "${FailuresBucket.Arn}/aws/lambda/*" };
      expect(allowedOn(name, objects)).toEqual(["s3:PutObject"]);
      expect(allowedOn(name, arnOf("FailuresBucket"))).toEqual(["s3:ListBucket"]);
      expect(allowedOn(name, arnOf("FailuresQueue"))).toEqual([]);
    }
  });

  test("lets it write its own log group, and make none", () => {
    const logs = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:";
    expect(allowedOn("cache", { "Fn::Sub": `${logs}/aws/lambda/shop-dev-cache:*` })).toEqual([
      "logs:CreateLogStream",
      "logs:PutLogEvents",
    ]);
  });

  test("N16: names every resource but where AWS knows none, and no action by a wildcard", () => {
    const tracing = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"];
    const network = statementsOf("cache").find(({ Effect }) => Effect === "Deny")!.Action;
    const expected = {
      tables: ["dynamodb:ListStreams", ...tracing],
      cache: ["dynamodb:ListStreams", ...network, ...tracing],
    };
    for (const name of ["tables", "cache"] as const) {
      const allowed = statementsOf(name).filter(({ Effect }) => Effect === "Allow");
      const everywhere = allowed.filter(({ Resource }) => Resource.includes("*"));
      expect(everywhere.flatMap(({ Action }) => Action)).toEqual(expected[name]);
      expect(allowed.flatMap(({ Action }) => Action).join()).not.toContain("*");
    }
  });

  test("N16: lets Lambda join it to the cache's network, and not the function's own code", () => {
    const denied = statementsOf("cache").filter(({ Effect }) => Effect === "Deny");
    const arn =
      "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:shop-dev-cache";
    expect(denied.map(({ Condition }) => Condition)).toEqual([
      { ArnEquals: { "lambda:SourceFunctionArn": { "Fn::Sub": arn } } },
    ]);
    expect(denied[0]?.Action.every((action) => action.startsWith("ec2:"))).toBe(true);
    const anywhere = statementsOf("cache", { redisUrl: "rediss://cache:6379" });
    const text = JSON.stringify([...statementsOf("tables"), ...anywhere]);
    expect(text).not.toMatch(/ec2:|elasticache:/);
  });

  test("N16: grows with the views, and only for what they read and write", () => {
    const { orders, ordersByCustomer, largeOrders } = declared;
    const resources = (statements: readonly Statement[]) =>
      statements.flatMap(({ Resource }) => Resource.map((one) => JSON.stringify(one)));
    const before = resources(statementsOf("tables", {}, { orders, ordersByCustomer }));
    const after = resources(statementsOf("tables", {}, { orders, ordersByCustomer, largeOrders }));
    expect(after.filter((one) => !before.includes(one))).toEqual(
      [streamOf("OrdersByCustomerTable"), arnOf("LargeTable")].map((one) => JSON.stringify(one)),
    );
  });

  test("is one statement for each set of actions, so that many views fit into a policy", () => {
    const { orders } = declared;
    const views = Array.from({ length: 60 }, (_, i) =>
      tableView({ name: `view-${i}`, source: orders, key: ["orderId"] }),
    );
    const statements = statementsOf("tables", {}, { ...views });
    expect(statements).toHaveLength(statementsOf("tables").length);
  });
});
