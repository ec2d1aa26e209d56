import { unreachable } from "../errors.js";
import { type AggregateView, isDirect } from "../view/aggregate/aggregate-view.js";
import type { View } from "../view/view.js";
import type { Deployment } from "./deployment.js";
import { FAILURES_BUCKET, FAILURES_BUCKET_ARN, FAILURES_KEY_PREFIX } from "./failures.js";
import type { FunctionPlan } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import { cacheConnection, connectArns } from "./managed-cache.js";
import { queueLogicalName } from "./queues.js";
import { sourceArn, STATE_TABLE_NAME, streamArn, tableArn } from "./tables.js";
import { attribute, localArn, type Resource, type Resources, substitute } from "./template.js";

/** A statement of an IAM policy. */
export interface Statement {
  readonly Effect: "Allow" | "Deny";
  readonly Action: readonly string[];
  readonly Resource: readonly unknown[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Logical name of a function's role. */
export function roleLogicalName(name: string): string {
  return logicalName(name, "FunctionRole");
}

/** A role for each function, which allows what that function calls, on what it calls it on, and nothing else. */
export function roleResources(deployment: Deployment): Resources {
  return Object.fromEntries(
    deployment.plans.map((plan) => [roleLogicalName(plan.name), roleOf(deployment, plan)]),
  );
}

function roleOf(deployment: Deployment, plan: FunctionPlan): Resource {
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
          PolicyDocument: { Version: "2012-10-17", Statement: statements(deployment, plan) },
        },
      ],
    },
  };
}

function statements(deployment: Deployment, plan: FunctionPlan): readonly Statement[] {
  const functionName = deployment.stage.tablePrefix + plan.name;
  return [
    ...workStatements(deployment, plan),
    ...cacheStatements(deployment, plan, functionName),
    allow(
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      // The log group itself is the stack's, so that a function cannot make another.
      [localArn("logs", `log-group:/aws/lambda/${functionName}:*`)],
    ),
    // Traces belong to no resource: AWS requires the wildcard here.
    allow(["xray:PutTraceSegments", "xray:PutTelemetryRecords"], ["*"]),
  ];
}

/** What a function's work asks of AWS, and what Lambda asks in its name to bring it the work. */
function workStatements(deployment: Deployment, plan: FunctionPlan): readonly Statement[] {
  const { name, views, followed, work } = plan;
  const streams = followed.map((table) => streamArn(deployment, table));
  switch (work) {
    case "changes":
      return [
        allow(
          ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
          streams,
        ),
        // ListStreams knows no resources: AWS requires the wildcard here.
        allow(["dynamodb:ListStreams"], ["*"]),
        ...merged(views.flatMap(viewStatements)),
        // Fences are queried; an entry and its fence are put and updated in one transaction.
        onState("Query", "PutItem", "UpdateItem"),
        ...givingUpStatements(),
      ];
    case "failures":
      return [
        takingFrom(name),
        allow(["s3:GetObject"], [FAILURE_OBJECTS]),
        allow(["dynamodb:GetRecords", "dynamodb:GetShardIterator"], streams),
        onState("PutItem", "UpdateItem"),
      ];
    case "backfill":
      return [
        takingFrom(name, "sqs:SendMessage"),
        allow(
          ["dynamodb:Scan", "dynamodb:BatchGetItem"],
          followed.map((table) => sourceArn(deployment, table)),
        ),
        ...merged(views.flatMap(viewStatements)),
        // How far each worker came is queried and put; what a view cannot take is parked.
        onState("Query", "PutItem", "UpdateItem"),
      ];
    default:
      return unreachable(work);
  }
}

function onState(...actions: readonly string[]): Statement {
  return allow(
    actions.map((action) => `dynamodb:${action}`),
    [tableArn(STATE_TABLE_NAME)],
  );
}

/** What Lambda asks of a function's queue in its name, and what the function itself does. */
function takingFrom(name: string, ...own: readonly string[]): Statement {
  return allow(
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", ...own],
    [attribute(queueLogicalName(name), "Arn")],
  );
}

/** What the sink of a view asks of DynamoDB, on the view's own tables. */
function viewStatements(view: View): Statement[] {
  switch (view.kind) {
    case "table-view":
      // Many rows go as statements, others one by one; what a condition refused comes with the answer, none is ever read.
      return [
        allow(
          [
            "dynamodb:PutItem",
            "dynamodb:DeleteItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PartiQLUpdate",
          ],
          [tableArn(view.table)],
        ),
      ];
    case "aggregate-view":
      return aggregateStatements(view);
    case "cache-view":
      return [];
    default:
      return unreachable(view);
  }
}

/** One statement for each set of actions: a role's policies have 10,240 characters in all. */
function merged(statements: readonly Statement[]): Statement[] {
  const resources = new Map<string, unknown[]>();
  for (const { Action, Resource } of statements) {
    const actions = Action.join();
    resources.set(actions, [...(resources.get(actions) ?? []), ...Resource]);
  }
  return [...resources].map(([actions, Resource]) => allow(actions.split(","), Resource));
}

/** Objects that tell of what Lambda gave up. */
const FAILURE_OBJECTS = substitute(`\${${FAILURES_BUCKET}.Arn}/${FAILURES_KEY_PREFIX}*`);

/** Lambda writes what it gives up in the function's name. */
function givingUpStatements(): Statement[] {
  return [
    allow(["s3:PutObject"], [FAILURE_OBJECTS]),
    allow(["s3:ListBucket"], [FAILURES_BUCKET_ARN]),
  ];
}

function cacheStatements(
  { cache }: Deployment,
  { usesCache }: FunctionPlan,
  functionName: string,
): Statement[] {
  if (!usesCache) return [];
  return [
    ...(cache.kind === "managed" && cache.auth === "iam"
      ? [allow(["elasticache:Connect"], connectArns(cache.name))]
      : []),
    ...(cacheConnection(cache).vpc ? networkStatements(functionName) : []),
  ];
}

/** Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html */
const NETWORK_ACTIONS = [
  "ec2:CreateNetworkInterface",
  "ec2:DescribeNetworkInterfaces",
  "ec2:DescribeSubnets",
  "ec2:DeleteNetworkInterface",
  "ec2:AssignPrivateIpAddresses",
  "ec2:UnassignPrivateIpAddresses",
] as const;

/**
 * Lambda connects a function to its network in the function's name, and AWS requires the wildcard for it. The code of
 * the function itself is denied all of it.
 */
function networkStatements(functionName: string): Statement[] {
  return [
    allow(NETWORK_ACTIONS, ["*"]),
    {
      Effect: "Deny",
      Action: NETWORK_ACTIONS,
      Resource: ["*"],
      Condition: {
        ArnEquals: {
          "lambda:SourceFunctionArn": localArn("lambda", `function:${functionName}`),
        },
      },
    },
  ];
}

/** A transaction needs the rights of its actions, one by one; reading many items at once is a right of its own. */
function aggregateStatements(view: AggregateView): Statement[] {
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
