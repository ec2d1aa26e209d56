import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import { functionPlans } from "../../src/deploy/function-plans.js";
import {
  functionRole,
  roleLogicalName,
  type Statement,
  streamArn,
} from "../../src/deploy/roles.js";
import { collectDeclarations, type Declarations } from "../../src/view/declarations.js";
import * as declared from "./declared.js";

const { orders, ordersByCustomer } = declared;
const declarations = collectDeclarations(declared);
const stage = { name: "dev", tablePrefix: "shop-dev-", keepsData: false };

function arnOf(resource: string): unknown {
  return { "Fn::GetAtt": [resource, "Arn"] };
}

/** What a function's role allows. */
function statementsOf(of: Declarations, name: string): readonly Statement[] {
  const plan = functionPlans(of).find((planned) => planned.name === name)!;
  const { Properties } = functionRole(plan, stage);
  const [policy] = Properties["Policies"] as [{ PolicyDocument: { Statement: Statement[] } }];
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

describe("the role of a function", () => {
  test("is one that Lambda alone takes on, named after the function", () => {
    const [plan] = functionPlans(declarations);
    expect(functionRole(plan!, stage)).toMatchObject({
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
    expect(roleLogicalName("tables")).toBe("TablesFunctionRole");
  });

  test("names a stream by the table's own resource", () => {
    expect(streamArn("orders-by-customer")).toEqual({
      "Fn::GetAtt": ["OrdersByCustomerTable", "StreamArn"],
    });
  });

  test("lets it read the streams it is mapped to, and no other", () => {
    const reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
    expect(allowedOn("tables", streamArn("orders"))).toEqual(reading);
    expect(allowedOn("tables", streamArn("orders-by-customer"))).toEqual(reading);
    expect(allowedOn("cache", streamArn("orders"))).toEqual(reading);
    expect(allowedOn("cache", streamArn("orders-by-customer"))).toEqual([]);
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
      [streamArn("orders-by-customer"), arnOf("LargeTable")].map((one) => JSON.stringify(one)),
    );
  });
});
