import type { Deployment } from "./deployment.js";
import { existingTableName } from "./deployment.js";
import type { FunctionPlan } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import { cacheConnection } from "./managed-cache.js";
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
      ...(cache?.vpc && { vpc: cache.vpc }),
    };
  });
}

function environmentOf(
  { name, stage, existingTables }: Deployment,
  { followed }: FunctionPlan,
): Readonly<Record<string, unknown>> {
  const existing = followed.flatMap((table) => {
    const arn = existingTables[table];
    return arn === undefined ? [] : [[table, existingTableName(arn)] as const];
  });
  return {
    MILLRACE_TABLE_PREFIX: stage.tablePrefix,
    MILLRACE_STATE_TABLE: ref(tableLogicalName(STATE_TABLE_NAME)),
    ...(existing.length > 0 && { MILLRACE_TABLE_NAMES: tableNames(existing) }),
    // With the stage in it, so that the metrics of stages in one account stay apart.
    POWERTOOLS_SERVICE_NAME: name,
    NODE_OPTIONS: "--enable-source-maps",
  };
}

/** `declared=physical`, with commas between: CloudFormation may have to fill a name in. */
function tableNames(names: readonly (readonly [string, Text])[]): Text {
  const pairs = names.map(([table, name]) =>
    typeof name === "string" ? `${table}=${name}` : { "Fn::Join": ["=", [table, name]] },
  );
  return pairs.every((pair) => typeof pair === "string")
    ? pairs.join(",")
    : { "Fn::Join": [",", pairs] };
}
