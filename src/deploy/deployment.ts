import { configurationError } from "../errors.js";
import { collectDeclarations, type Declarations } from "../view/declarations.js";
import { type FunctionPlan, functionPlans } from "./function-plans.js";
import { type Stage, stageOf } from "./stage.js";
import { type Text } from "./template.js";

/** Where a function runs, so that it reaches a cache that only its own network reaches. */
export interface Vpc {
  readonly subnetIds: unknown;
  readonly securityGroupIds: unknown;
}

/** What a deployment says beside the declarations: `custom.millrace` in serverless.yml. */
export interface DeploymentSettings {
  readonly service: string;
  readonly stage: string;
  /** Address of a Redis or Valkey that exists; where it is empty and views are kept in a cache, one is made. */
  readonly redisUrl?: Text;
  /** Subnets from which that Redis is reached, as a list or with commas; empty where it is reached from anywhere. */
  readonly subnetIds?: unknown;
  /** Security groups that it lets in, likewise. */
  readonly securityGroupIds?: unknown;
  /** How the function shows the cache that is made who it is: by a password (default) or a token of IAM. */
  readonly cacheAuth?: string;
  /** Whom alarms write to; nobody where it is empty. */
  readonly alarmEmail?: Text;
  /** Tables that exist and are not to be made: the ARN of the stream of each, by the table's declared name. */
  readonly existingTables?: Readonly<Record<string, Text>>;
}

/** How a function shows the cache who it is. */
export type CacheAuth = "password" | "iam";

/** The cache of a deployment: none, one that is made with it, or one that exists. */
export type Cache =
  | { readonly kind: "none" }
  | { readonly kind: "managed"; readonly name: string; readonly auth: CacheAuth }
  | { readonly kind: "existing"; readonly url: Text; readonly vpc?: Vpc };

/** Declarations and settings, checked: all that a template follows from. */
export interface Deployment {
  /** Service and stage, as functions, metrics and dashboard are named: `shop-dev`. */
  readonly name: string;
  readonly stage: Stage;
  readonly declarations: Declarations;
  readonly plans: readonly FunctionPlan[];
  readonly cache: Cache;
  readonly alarmEmail: Text;
  /** ARN of the stream of each table that exists, by the table's declared name. */
  readonly existingTables: Readonly<Record<string, Text>>;
}

/** Characters of a serverless cache's name, and of a user's. Source: CreateServerlessCache, CreateUser of ElastiCache. */
const MOST_CACHE_CHARACTERS = 40;

/**
 * Reads the declarations and the settings of a deployment.
 *
 * @param exports what `pipeline.ts` exports.
 * @throws `configuration`, listing every mistake.
 */
export function readDeployment(
  exports: Readonly<Record<string, unknown>>,
  settings: DeploymentSettings,
): Deployment {
  const declarations = collectDeclarations(exports);
  const name = `${settings.service}-${settings.stage}`;
  const plans = functionPlans(declarations);
  const cache = plans.some(({ usesCache }) => usesCache)
    ? cacheOf(name, settings)
    : ({ kind: "none" } as const);
  const existingTables = settings.existingTables ?? {};
  const mistakes = [
    ...cacheMistakes(cache, settings),
    ...Object.entries(existingTables).flatMap(([table, arn]) =>
      existingTableMistakes(declarations, table, arn),
    ),
  ];
  if (mistakes.length > 0) throw configurationError("deployment", mistakes);
  return {
    name,
    stage: stageOf(settings.service, settings.stage),
    declarations,
    plans,
    cache,
    alarmEmail: settings.alarmEmail ?? "",
    existingTables,
  };
}

function cacheOf(name: string, settings: DeploymentSettings): Cache {
  const { redisUrl: url, subnetIds, securityGroupIds } = settings;
  if (!url) {
    const auth = settings.cacheAuth === "iam" ? "iam" : "password";
    return { kind: "managed", name: name.toLowerCase(), auth };
  }
  if (!subnetIds) return { kind: "existing", url };
  const vpc = { subnetIds: listOf(subnetIds), securityGroupIds: listOf(securityGroupIds) };
  return { kind: "existing", url, vpc };
}

/** A parameter on the command line is one text. */
function listOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  return value
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function cacheMistakes(cache: Cache, settings: DeploymentSettings): string[] {
  const { subnetIds, securityGroupIds, cacheAuth = "password" } = settings;
  const mistakes: string[] = [];
  if (cacheAuth !== "password" && cacheAuth !== "iam")
    mistakes.push(`cacheAuth is "${cacheAuth}"; there are password and iam`);
  if (cache.kind === "managed") {
    if (subnetIds || securityGroupIds)
      mistakes.push(
        "subnetIds and securityGroupIds say from where an existing cache is reached, but no redisUrl is given; give it, or leave them out and a cache is made with a network of its own",
      );
    if (!/^[a-z][a-z0-9-]*$/.test(cache.name) || cache.name.length > MOST_CACHE_CHARACTERS)
      mistakes.push(
        `the cache is named "${cache.name}", after service and stage; ElastiCache takes at most ${MOST_CACHE_CHARACTERS} letters, digits and "-", a letter first: rename the service or the stage, or give redisUrl`,
      );
  }
  if (cache.kind === "existing") {
    const { url } = cache;
    if (typeof url === "string" && !/^(rediss?:\/\/|\{\{resolve:)/.test(url))
      mistakes.push(
        `redisUrl is "${url}"; give an address that begins with redis:// or rediss://, or a reference {{resolve:secretsmanager:…}} to one`,
      );
    if (Boolean(subnetIds) !== Boolean(securityGroupIds))
      mistakes.push("subnetIds and securityGroupIds belong together; give both or neither");
  }
  return mistakes;
}

function existingTableMistakes({ sources }: Declarations, table: string, arn: Text): string[] {
  const mistakes: string[] = [];
  if (!sources.some((source) => source.table === table)) {
    const known = sources.map((source) => source.table).join(", ");
    mistakes.push(
      `existingTables names "${table}", which is no source; only tables that the pipeline does not write can exist already: ${known}`,
    );
  }
  if (typeof arn !== "string") return mistakes;
  const isStream = /^arn:[^:]+:dynamodb:[^:]+:\d{12}:table\/[^/]+\/stream\/.+$/.test(arn);
  if (!isStream)
    mistakes.push(
      `existingTables gives "${arn}" for "${table}"; give the ARN of the table's stream, which aws dynamodb describe-table shows as LatestStreamArn`,
    );
  return mistakes;
}

/** The physical name of a table that exists, out of the ARN of its stream. */
export function existingTableName(streamArn: Text): Text {
  if (typeof streamArn === "string") return streamArn.split("/")[1] ?? "";
  return { "Fn::Select": [1, { "Fn::Split": ["/", streamArn] }] };
}
