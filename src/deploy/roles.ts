import { type AggregateView, isDirect } from "../view/aggregate/aggregate-view.js";
import { FAILURES_ARN } from "./failures-queue.js";
import type { FunctionPlan } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import { type Resource, type Stage, STATE_TABLE_NAME, tableLogicalName } from "./tables.js";

/** A statement of an IAM policy; Millrace's own only ever allow. */
export interface Statement {
  readonly Effect: "Allow";
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
}

/** Logical name of a function's role. */
export function roleLogicalName(name: string): string {
  return logicalName(name, "FunctionRole");
}

/** A role that allows a function what it calls, on the tables and streams it calls it on, and nothing else. */
export function functionRole(plan: FunctionPlan, stage: Stage): Resource {
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: `What Millrace's function ${plan.name} may do`,
      AssumeRolePolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: ["lambda.amazonaws.com"] },
            Action: ["sts:AssumeRole"],
          },
        ],
      },
      Policies: [
        {
          PolicyName: "millrace",
          PolicyDocument: { Version: "2012-10-17", Statement: statements(plan, stage) },
        },
      ],
    },
  };
}

function statements({ name, views, followed }: FunctionPlan, stage: Stage): readonly Statement[] {
  const written = views.flatMap((view) => (view.kind === "table-view" ? [view.table] : []));
  const aggregates = views.filter((view) => view.kind === "aggregate-view");
  return [
    allow(
      ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
      followed.map(streamArn),
    ),
    // ListStreams knows no resources: AWS requires the wildcard here.
    allow(["dynamodb:ListStreams"], ["*"]),
    // The row that a condition refused comes with the answer; none is ever read.
    ...(written.length > 0
      ? [allow(["dynamodb:PutItem", "dynamodb:DeleteItem"], written.map(tableArn))]
      : []),
    ...aggregates.flatMap((view) => aggregateStatements(view)),
    // Fences are queried; an entry and its fence are put and updated in one transaction.
    allow(
      ["dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"],
      [tableArn(STATE_TABLE_NAME)],
    ),
    allow(["sqs:SendMessage"], [FAILURES_ARN]),
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logsArn(stage.tablePrefix + name)]),
  ];
}

/** A transaction needs the rights of its actions, one by one; reading many items at once is a right of its own. */
function aggregateStatements(view: AggregateView): readonly Statement[] {
  const kinds = new Set(Object.values(view.measures).map(({ kind }) => kind));
  const [ordered, distinct, direct] = [
    kinds.has("ordered"),
    kinds.has("distinct-count"),
    isDirect(view),
  ];
  const workings = [
    "BatchGetItem",
    "PutItem",
    ...(distinct || ordered ? ["DeleteItem"] : []),
    ...(distinct || !direct ? ["UpdateItem"] : []),
    ...(direct ? [] : ["ConditionCheckItem"]),
    ...(ordered ? ["Query"] : []),
  ];
  const rows = ["BatchGetItem", "DeleteItem", direct ? "UpdateItem" : "PutItem"];
  const onTable = (actions: readonly string[], table: string) =>
    allow(
      actions.map((action) => `dynamodb:${action}`),
      [tableArn(table)],
    );
  return [onTable(rows, view.table), onTable(workings, view.workingsTable)];
}

function allow(Action: readonly string[], Resource: readonly unknown[]): Statement {
  return { Effect: "Allow", Action, Resource };
}

/** The log group itself is the stack's, so that a function cannot make another. */
function logsArn(functionName: string): unknown {
  return {
    "Fn::Sub": `arn:\${AWS::Partition}:logs:\${AWS::Region}:\${AWS::AccountId}:log-group:/aws/lambda/${functionName}:*`,
  };
}

/** The ARN of a declared table, as CloudFormation fills it in. */
function tableArn(table: string): unknown {
  return { "Fn::GetAtt": [tableLogicalName(table), "Arn"] };
}

/** The ARN of a declared table's stream, as CloudFormation fills it in. */
export function streamArn(table: string): unknown {
  return { "Fn::GetAtt": [tableLogicalName(table), "StreamArn"] };
}
