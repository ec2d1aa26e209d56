import { type DeploymentSettings, readDeployment } from "./deployment.js";
import { type FunctionSpec, functionSpecs } from "./functions.js";
import { outputsOf } from "./outputs.js";
import { resourcesOf } from "./resources.js";
import type { Outputs, Resources } from "./template.js";

/** A function as serverless.yml writes it. */
export interface FunctionDefinition {
  readonly handler: string;
  readonly name: string;
  readonly description: string;
  readonly role: string;
  readonly timeout: number;
  readonly memorySize: number;
  readonly tracing: "Active";
  readonly logs: { readonly logFormat: "JSON" };
  readonly logRetentionInDays: number;
  readonly environment: Readonly<Record<string, unknown>>;
  readonly recursiveLoop?: "Allow";
  readonly vpc?: { readonly subnetIds: unknown; readonly securityGroupIds: unknown };
}

/** What serverless.yml takes from the declarations. */
export interface ServerlessParts {
  readonly functions: Readonly<Record<string, FunctionDefinition>>;
  readonly resources: Resources;
  readonly outputs: Outputs;
}

/**
 * Everything that follows from a pipeline's declarations, for serverless.yml: adding a view adds its table, its
 * mapping and its permissions.
 *
 * @param exports what `pipeline.ts` exports.
 * @throws `configuration`, listing every mistake in the declarations or the settings.
 */
export function serverlessParts(
  exports: Readonly<Record<string, unknown>>,
  settings: DeploymentSettings,
): ServerlessParts {
  const deployment = readDeployment(exports, settings);
  const { logRetentionDays } = deployment.stage;
  return {
    functions: Object.fromEntries(
      functionSpecs(deployment).map((spec) => [spec.name, definitionOf(spec, logRetentionDays)]),
    ),
    resources: resourcesOf(deployment),
    outputs: outputsOf(deployment),
  };
}

function definitionOf(spec: FunctionSpec, logRetentionInDays: number): FunctionDefinition {
  return {
    handler: spec.handler,
    name: spec.physicalName,
    description: spec.description,
    role: spec.role,
    timeout: spec.timeoutSeconds,
    memorySize: spec.memoryMb,
    tracing: "Active",
    logs: { logFormat: "JSON" },
    logRetentionInDays,
    environment: spec.environment,
    ...(spec.callsItself && { recursiveLoop: "Allow" }),
    ...(spec.vpc && { vpc: spec.vpc }),
  };
}
