import { FUNCTION_TIMEOUT_SECONDS, MAPPING_SETTINGS } from "../lambda/mapping-settings.js";
import type { Declarations } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { FAILURES_ARN, FAILURES_QUEUE, failuresQueue } from "./failures-queue.js";
import { eventPatterns } from "./filters.js";
import { type FunctionPlan, functionPlans } from "./function-plans.js";
import { functionRole, roleLogicalName, streamArn } from "./roles.js";
import { type Resources, type Stage, STATE_TABLE_NAME, tableLogicalName } from "./tables.js";

/** A function as serverless.yml writes it. */
export interface FunctionDefinition {
  readonly handler: string;
  readonly name: string;
  readonly description: string;
  readonly role: string;
  readonly timeout: number;
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly stream: Readonly<Record<string, unknown>> }[];
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

/** The functions of a pipeline, each mapped to the streams its views follow. */
export function functionDefinitions(
  declarations: Declarations,
  settings: FunctionSettings,
): Readonly<Record<string, FunctionDefinition>> {
  return Object.fromEntries(
    functionPlans(declarations).map((plan) => [plan.name, definitionOf(plan, settings)]),
  );
}

function definitionOf(
  { name, description, views, followed }: FunctionPlan,
  { stage, redisUrl }: FunctionSettings,
): FunctionDefinition {
  return {
    handler: `handlers/${name}.handler`,
    name: stage.tablePrefix + name,
    description,
    role: roleLogicalName(name),
    timeout: FUNCTION_TIMEOUT_SECONDS,
    memorySize: MEMORY_MB,
    environment: {
      MILLRACE_TABLE_PREFIX: stage.tablePrefix,
      MILLRACE_STATE_TABLE: { Ref: tableLogicalName(STATE_TABLE_NAME) },
      NODE_OPTIONS: "--enable-source-maps",
      ...(name === "cache" && { REDIS_URL: redisUrl }),
    },
    events: followed.map((table) => ({
      stream: streamEvent(
        table,
        views.filter(({ source }) => source.table === table),
      ),
    })),
  };
}

function streamEvent(table: string, views: readonly View[]): Readonly<Record<string, unknown>> {
  const filterPatterns = eventPatterns(views);
  return {
    type: "dynamodb",
    arn: streamArn(table),
    batchSize: MAPPING_SETTINGS.batchSize,
    batchWindow: MAPPING_SETTINGS.maximumBatchingWindowInSeconds,
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

/** A role for each function, and the queue for what Lambda gives up. */
export function functionResources(declarations: Declarations, stage: Stage): Resources {
  const roles = functionPlans(declarations).map(
    (plan) => [roleLogicalName(plan.name), functionRole(plan, stage)] as const,
  );
  return { ...Object.fromEntries(roles), [FAILURES_QUEUE]: failuresQueue() };
}
