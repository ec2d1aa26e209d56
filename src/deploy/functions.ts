import { FUNCTION_TIMEOUT_SECONDS, MAPPING_SETTINGS } from "../lambda/mapping-settings.js";
import { type Declarations, followedTables, viewsOf } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { eventPatterns } from "./filters.js";
import { logicalName } from "./logical-name.js";
import {
  type Resource,
  type Resources,
  type Stage,
  STATE_TABLE_NAME,
  tableLogicalName,
} from "./tables.js";

/** A function as serverless.yml writes it. */
export interface FunctionDefinition {
  readonly handler: string;
  readonly description: string;
  readonly role: string;
  readonly timeout: number;
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly stream: Readonly<Record<string, unknown>> }[];
}

/** One of the pipeline's functions: its name, and the views it writes. */
interface FunctionPlan {
  readonly name: "tables" | "cache";
  readonly description: string;
  readonly views: readonly View[];
}

/**
 * CPU comes with memory: a batch is bound by the CPU of the SDK's calls, and 1,769 MB is one whole core.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
const MEMORY_MB = 1769;

/** What a function's environment takes from outside the declarations. */
export interface FunctionSettings {
  readonly stage: Stage;
  readonly redisUrl: string;
}

/** The functions of a pipeline, each mapped to the streams its views follow; none for a kind of view that nobody declared. */
export function functionDefinitions(
  declarations: Declarations,
  settings: FunctionSettings,
): Readonly<Record<string, FunctionDefinition>> {
  return Object.fromEntries(
    functionPlans(declarations).map((plan) => [plan.name, definitionOf(plan, settings)]),
  );
}

function functionPlans({ views }: Declarations): readonly FunctionPlan[] {
  const cache = views.filter(({ kind }) => kind === "cache-view");
  const tables = views.filter(({ kind }) => kind !== "cache-view");
  const plans: FunctionPlan[] = [
    { name: "tables", description: "Keeps the views in DynamoDB tables true", views: tables },
    { name: "cache", description: "Keeps the views in Redis or Valkey true", views: cache },
  ];
  return plans.filter(({ views: written }) => written.length > 0);
}

function definitionOf(
  { name, description, views }: FunctionPlan,
  { stage, redisUrl }: FunctionSettings,
): FunctionDefinition {
  return {
    handler: `handlers/${name}.handler`,
    description,
    role: roleName(name),
    timeout: FUNCTION_TIMEOUT_SECONDS,
    memorySize: MEMORY_MB,
    environment: {
      MILLRACE_TABLE_PREFIX: stage.tablePrefix,
      MILLRACE_STATE_TABLE: { Ref: tableLogicalName(STATE_TABLE_NAME) },
      NODE_OPTIONS: "--enable-source-maps",
      ...(name === "cache" && { REDIS_URL: redisUrl }),
    },
    events: sourcesOf(views).map((table) => ({
      stream: streamEvent(table, viewsOf({ sources: [], views }, table)),
    })),
  };
}

function sourcesOf(views: readonly View[]): readonly string[] {
  return followedTables({ sources: [], views }).map(({ table }) => table);
}

function streamEvent(table: string, views: readonly View[]): Readonly<Record<string, unknown>> {
  const filterPatterns = eventPatterns(views);
  return {
    type: "dynamodb",
    arn: streamArn(table),
    batchSize: MAPPING_SETTINGS.batchSize,
    startingPosition: MAPPING_SETTINGS.startingPosition,
    maximumRetryAttempts: MAPPING_SETTINGS.maximumRetryAttempts,
    maximumRecordAgeInSeconds: MAPPING_SETTINGS.maximumRecordAgeInSeconds,
    bisectBatchOnFunctionError: MAPPING_SETTINGS.bisectBatchOnFunctionError,
    parallelizationFactor: MAPPING_SETTINGS.parallelizationFactor,
    functionResponseType: "ReportBatchItemFailures",
    ...(filterPatterns.length > 0 && { filterPatterns }),
    destinations: { onFailure: { type: "sqs", arn: FAILURES_ARN } },
  };
}

function streamArn(table: string): unknown {
  return { "Fn::GetAtt": [tableLogicalName(table), "StreamArn"] };
}

const FAILURES_QUEUE = "FailuresQueue";
const FAILURES_ARN = { "Fn::GetAtt": [FAILURES_QUEUE, "Arn"] };

function roleName(name: string): string {
  return logicalName(name, "FunctionRole");
}

/** A role for each function, naming exactly what it reads and writes, and the queue for what Lambda gives up. */
export function functionResources(declarations: Declarations): Resources {
  const roles = functionPlans(declarations).map(
    (plan) => [roleName(plan.name), role(plan)] as const,
  );
  return { ...Object.fromEntries(roles), [FAILURES_QUEUE]: failuresQueue() };
}

/** Fourteen days, the most SQS keeps: far longer than the day the stream itself keeps the records. */
function failuresQueue(): Resource {
  return {
    Type: "AWS::SQS::Queue",
    Properties: { MessageRetentionPeriod: 14 * 24 * 60 * 60, SqsManagedSseEnabled: true },
  };
}

function role({ name, views }: FunctionPlan): Resource {
  const written = views
    .filter((view) => view.kind !== "cache-view")
    .map(({ table }) => arnOf(table));
  const statements = [
    allow(
      ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
      sourcesOf(views).map(streamArn),
    ),
    // ListStreams knows no resources: AWS requires the wildcard here.
    allow(["dynamodb:ListStreams"], ["*"]),
    ...(written.length > 0
      ? [allow(["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:GetItem"], written)]
      : []),
    allow(
      ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
      [arnOf(STATE_TABLE_NAME)],
    ),
    allow(["sqs:SendMessage"], [FAILURES_ARN]),
    allow(["logs:CreateLogStream", "logs:PutLogEvents"], [LOGS_ARN]),
  ];
  return {
    Type: "AWS::IAM::Role",
    Properties: {
      Description: `What Millrace's function ${name} may do`,
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
          PolicyDocument: { Version: "2012-10-17", Statement: statements },
        },
      ],
    },
  };
}

const LOGS_ARN = {
  "Fn::Sub":
    "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/${AWS::StackName}-*:*",
};

function allow(Action: readonly string[], Resource: readonly unknown[]) {
  return { Effect: "Allow", Action, Resource };
}

function arnOf(table: string): unknown {
  return { "Fn::GetAtt": [tableLogicalName(table), "Arn"] };
}
