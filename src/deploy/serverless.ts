import { collectDeclarations } from "../view/declarations.js";
import { alarmResources } from "./alarms.js";
import { type FunctionDefinition, functionDefinitions, functionResources } from "./functions.js";
import { type Resources, type Stage, tableResources } from "./tables.js";

/** What serverless.yml takes from the declarations. */
export interface ServerlessParts {
  readonly functions: Readonly<Record<string, FunctionDefinition>>;
  readonly resources: Resources;
}

/** What a deployment says beside the declarations. */
export interface DeploymentSettings {
  readonly service: string;
  readonly stage: string;
  /** Address of the cache; empty where no view is kept in one. */
  readonly redisUrl: string;
  /** Whom alarms write to; nobody where it is not given. */
  readonly alarmEmail?: string;
}

/**
 * Everything that follows from a pipeline's declarations, for serverless.yml: adding a view adds its table, its
 * mapping and its permissions.
 *
 * @param exports what `pipeline.ts` exports.
 * @throws `configuration` when a declaration is wrong.
 */
export function serverlessParts(
  exports: Readonly<Record<string, unknown>>,
  settings: DeploymentSettings,
): ServerlessParts {
  const declarations = collectDeclarations(exports);
  const stage = stageOf(settings);
  return {
    functions: functionDefinitions(declarations, { stage, redisUrl: settings.redisUrl }),
    resources: {
      ...tableResources(declarations, stage),
      ...functionResources(declarations, stage),
      ...alarmResources(declarations, {
        deployment: `${settings.service}-${settings.stage}`,
        alarmEmail: settings.alarmEmail ?? "",
      }),
    },
  };
}

/** Production keeps its data when the stack is removed; every other stage is cleaned up with it. */
function stageOf({ service, stage }: DeploymentSettings): Stage {
  return { name: stage, tablePrefix: `${service}-${stage}-`, keepsData: stage === "prod" };
}
