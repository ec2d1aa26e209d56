import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { roleLogicalName, roleResources, type Statement } from "../../src/deploy/roles.js";
import type { Text } from "../../src/deploy/template.js";
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
  const files = folders
    .flatMap((folder) => readdirSync(join(root, folder)).map((file) => join(root, folder, file)))
    .filter((path) => !OPERATIONS.some((file) => path.endsWith(file)));
  // Only verification looks through what sinks and state hold.
  return actionsAskedBy(files).filter((action) => action !== "dynamodb:Scan");
}

/** The same of some modules, by their paths from `src/`. */
function actionsOf(...modules: string[]): string[] {
  return actionsAskedBy(modules.map((path) => resolve(import.meta.dirname, "../../src", path)));
}

function actionsAskedBy(paths: readonly string[]): string[] {
  const code = paths.map((file) => readFileSync(file, "utf8")).join("\n");
  const commands = [...code.matchAll(/\b(\w+)Command\(/g)].map(([, name]) => name!);
  const parts = [...code.matchAll(/\{ (Put|Update|Delete|ConditionCheck): /g)].map(([, name]) =>
    name === "ConditionCheck" ? "ConditionCheckItem" : `${name}Item`,
  );
  const queries = code.includes("paginateQuery(") ? ["Query"] : [];
  const scans = /\b(paginateScan|scanTable)\(/.test(code) ? ["Scan"] : [];
  const statements = [...code.matchAll(/`(INSERT INTO|UPDATE) \$\{quoted/g)].map(([, verb]) =>
    verb === "UPDATE" ? "PartiQLUpdate" : "PartiQLInsert",
  );
  const calls = commands.filter(
    (name) => !/^(TransactWriteItems|BatchExecuteStatement)$/.test(name),
  );
  const used = [...calls, ...parts, ...queries, ...scans, ...statements];
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

  test("N16: lets the one for failures read what Lambda gave up and park it, and write no view", () => {
    const reading = actionsOf("failures/fetch-records.ts");
    expect(reading).toEqual(["dynamodb:GetRecords", "dynamodb:GetShardIterator"]);
    for (const table of ["OrdersTable", "OrdersByCustomerTable"])
      expect(allowedOn("failures", streamOf(table))).toEqual(reading);
    expect(allowedOn("failures", streamOf("CustomersTable"))).toEqual([]);
    const parking = actionsOf("state/dynamodb-quarantine.ts", "state/quarantine-parking.ts");
    expect(allowedOn("failures", arnOf("MillraceStateTable")).sort()).toEqual(parking);
    const objects = { "Fn::Sub": "${FailuresBucket.Arn}/aws/lambda/*" };
    expect(allowedOn("failures", objects)).toEqual(["s3:GetObject"]);
    expect(allowedOn("failures", arnOf("FailuresBucket"))).toEqual([]);
    for (const table of ["OrdersTable", "OrdersByCustomerTable", "LargeTable"])
      expect(allowedOn("failures", arnOf(table))).toEqual([]);
  });

  test("N16: lets the one that backfills read sources, write views and keep how far it is", () => {
    const reading = actionsOf("upkeep/source-items.ts").filter(
      (action) => !/Describe/.test(action),
    );
    const writing = actionsUsedIn("sink/dynamodb");
    expect(reading).toEqual(["dynamodb:BatchGetItem", "dynamodb:Scan"]);
    expect(allowedOn("backfill", arnOf("OrdersTable")).sort()).toEqual(reading);
    expect(allowedOn("backfill", arnOf("LargeTable")).sort()).toEqual(writing);
    // A view that a further view follows is both.
    const both = [...reading, ...writing].sort();
    expect(allowedOn("backfill", arnOf("OrdersByCustomerTable")).sort()).toEqual(both);
    expect(allowedOn("backfill", arnOf("CustomersTable"))).toEqual([]);
    const state = actionsOf(
      "state/dynamodb-backfill-state.ts",
      "state/dynamodb-quarantine.ts",
      "state/quarantine-parking.ts",
    );
    expect(allowedOn("backfill", arnOf("MillraceStateTable")).sort()).toEqual(state);
    expect(allowedOn("backfill", streamOf("OrdersTable"))).toEqual([]);
    expect(allowedOn("backfill", arnOf("FailuresBucket"))).toEqual([]);
  });

  test("N16: lets a function take messages from its own queue, and send where it sends", () => {
    const taking = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
    expect(allowedOn("failures", arnOf("FailuresQueue"))).toEqual(taking);
    expect(allowedOn("failures", arnOf("BackfillQueue"))).toEqual([]);
    expect(allowedOn("backfill", arnOf("BackfillQueue"))).toEqual([...taking, "sqs:SendMessage"]);
    expect(allowedOn("backfill", arnOf("FailuresQueue"))).toEqual([]);
    for (const queue of ["FailuresDeadLetterQueue", "BackfillDeadLetterQueue"])
      for (const name of ["tables", "cache", "failures", "backfill"])
        expect(allowedOn(name, arnOf(queue))).toEqual([]);
  });

  test("N16: knows a table that exists by the ARN of its stream, whoever fills that in", () => {
    const arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/old";
    const scanned = (orders: Text) =>
      statementsOf("backfill", { existingTables: { orders } }).find(({ Action }) =>
        Action.includes("dynamodb:Scan"),
      )?.Resource[0];
    expect(scanned(`${arn}/stream/2026-01-01T00:00:00.000`)).toBe(arn);
    const imported = { "Fn::ImportValue": "orders-stream" };
    expect(scanned(imported)).toEqual({
      "Fn::Select": [0, { "Fn::Split": ["/stream/", imported] }],
    });
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
      failures: tracing,
      backfill: [...network, ...tracing],
    };
    for (const [name, actions] of Object.entries(expected)) {
      const allowed = statementsOf(name).filter(({ Effect }) => Effect === "Allow");
      const everywhere = allowed.filter(({ Resource }) => Resource.includes("*"));
      expect(everywhere.flatMap(({ Action }) => Action)).toEqual(actions);
      expect(allowed.flatMap(({ Action }) => Action).join()).not.toContain("*");
    }
  });

  test.each(["cache", "backfill"])(
    "N16: lets Lambda join %s to the cache's network, and not the function's own code",
    (name) => {
      const denied = statementsOf(name).filter(({ Effect }) => Effect === "Deny");
      const arn = `arn:\${AWS::Partition}:lambda:\${AWS::Region}:\${AWS::AccountId}:function:shop-dev-${name}`;
      expect(denied.map(({ Condition }) => Condition)).toEqual([
        { ArnEquals: { "lambda:SourceFunctionArn": { "Fn::Sub": arn } } },
      ]);
      expect(denied[0]?.Action.every((action) => action.startsWith("ec2:"))).toBe(true);
      const anywhere = statementsOf(name, { redisUrl: "rediss://cache:6379" });
      const text = JSON.stringify([
        ...statementsOf("tables"),
        ...statementsOf("failures"),
        ...anywhere,
      ]);
      expect(text).not.toMatch(/ec2:|elasticache:/);
    },
  );

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
