import type { Deployment } from "./deployment.js";
import { existingTableName } from "./deployment.js";
import type { FunctionPlan } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import { cacheConnection } from "./managed-cache.js";
import { BACKFILL_QUEUE } from "./queues.js";
import { roleLogicalName } from "./roles.js";
import { STATE_TABLE_NAME, tableLogicalName } from "./tables.js";
import { ref, type Text } from "./template.js";

/** Node.js as Lambda names it: the one whose support lasts longest. Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html */
export const RUNTIME = "nodejs24.x";

/** A function as any tool needs it; serverless.yml and a plain template each write it their way. */
export interface FunctionSpec {
  readonly name: string;
  readonly physicalName: string;
  readonly description: string;
  readonly handler: string;
  /** Logical name of its role. */
  readonly role: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, unknown>>;
  /**
   * Whether it sends to the queue that calls it, over and over, on purpose: Lambda takes sixteen calls that each led to the
   * next for a loop, and would end the work there if it were not told.
   */
  readonly callsItself: boolean;
  readonly vpc?: { readonly subnetIds: unknown; readonly securityGroupIds: unknown };
}

/** Logical name of a function, as the Serverless Framework forms it. */
export function functionLogicalName(name: string): string {
  return logicalName(name, "LambdaFunction");
}

/** The name Lambda knows a function by. */
export function functionName({ stage }: Pick<Deployment, "stage">, name: string): string {
  return stage.tablePrefix + name;
}

/** The functions of a deployment. */
export function functionSpecs(deployment: Deployment): readonly FunctionSpec[] {
  return deployment.plans.map((plan) => {
    const { name, description, memoryMb, timeoutSeconds, usesCache } = plan;
    const cache = usesCache ? cacheConnection(deployment.cache) : undefined;
    return {
      name,
      physicalName: functionName(deployment, name),
      description,
      handler: `handlers/${name}.handler`,
      role: roleLogicalName(name),
      memoryMb,
      timeoutSeconds,
      environment: { ...environmentOf(deployment, plan), ...cache?.environment },
      callsItself: plan.work === "backfill",
      ...(cache?.vpc && { vpc: cache.vpc }),
    };
  });
}

function environmentOf(
  deployment: Deployment,
  { followed, work }: FunctionPlan,
): Readonly<Record<string, unknown>> {
  const { name, stage } = deployment;
  const tableNames = existingTableNames(deployment, followed);
  return {
    MILLRACE_TABLE_PREFIX: stage.tablePrefix,
    MILLRACE_STATE_TABLE: ref(tableLogicalName(STATE_TABLE_NAME)),
    ...(tableNames !== undefined && { MILLRACE_TABLE_NAMES: tableNames }),
    ...(work === "backfill" && { MILLRACE_BACKFILL_QUEUE: ref(BACKFILL_QUEUE) }),
    // With the stage in it, so that the metrics of stages in one account stay apart.
    POWERTOOLS_SERVICE_NAME: name,
    NODE_OPTIONS: "--enable-source-maps",
  };
}

/**
 * Those of some tables that exist already, as `declared=physical` with commas between: CloudFormation may have to fill a
 * name in. `undefined` where there are none.
 */
export function existingTableNames(
  { existingTables }: Pick<Deployment, "existingTables">,
  tables: readonly string[],
): Text | undefined {
  const pairs = tables.flatMap((table): Text[] => {
    const arn = existingTables[table];
    if (arn === undefined) return [];
    const name = existingTableName(arn);
    return [typeof name === "string" ? `${table}=${name}` : { "Fn::Join": ["=", [table, name]] }];
  });
  if (pairs.length === 0) return undefined;
  return pairs.every((pair) => typeof pair === "string")
    ? pairs.join(",")
    : { "Fn::Join": [",", pairs] };
}
