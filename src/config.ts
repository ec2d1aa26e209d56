import { configurationError } from "./errors.js";

/** The settings of a pipeline, read once from the environment. */
export interface Config {
  /** Put before every declared table name, so that stages can share an account. */
  readonly tablePrefix: string;
  /** Names of tables that are not named prefix and declared name, by declared name. */
  readonly tableNames?: Readonly<Record<string, string>>;
  /** Name of the table for the pipeline's own bookkeeping. */
  readonly stateTable: string;
  /** Endpoint of DynamoDB where it is not AWS's; streams are read from the same unless told otherwise. */
  readonly dynamodbEndpoint?: string;
  readonly streamsEndpoint?: string;
  /** Address of the queue that segments of backfills wait in. */
  readonly backfillQueue?: string;
  /** `redis://` or `rediss://` (TLS), with user and password where needed. */
  readonly redisUrl?: string;
  /** Whether that address is one of a cluster. */
  readonly redisCluster?: boolean;
  /** Whom IAM lets into that cache, where it does instead of a password. */
  readonly redisIam?: RedisIam;
}

/** A user of a cache in ElastiCache that shows tokens of IAM. */
export interface RedisIam {
  readonly user: string;
  readonly cacheName: string;
  readonly isServerless: boolean;
}

/** Environment variables that exist, and what each means. The endpoint names are the AWS SDKs' own. */
export const VARIABLES = {
  MILLRACE_TABLE_PREFIX: "put before every declared table name",
  MILLRACE_TABLE_NAMES: "tables that are named otherwise, as declared=actual with commas between",
  MILLRACE_STATE_TABLE: "table for the pipeline's bookkeeping (default: <prefix>millrace-state)",
  AWS_ENDPOINT_URL_DYNAMODB: "endpoint of DynamoDB, where it is not AWS's",
  AWS_ENDPOINT_URL_DYNAMODB_STREAMS: "endpoint of DynamoDB Streams (default: that of DynamoDB)",
  MILLRACE_BACKFILL_QUEUE: "queue of segments, where a function works on backfills",
  REDIS_URL: "redis:// or rediss:// address of the cache",
  REDIS_CLUSTER: "true where that address is a cluster's",
  MILLRACE_REDIS_IAM_USER: "id of the cache's user, where IAM lets it in instead of a password",
  MILLRACE_REDIS_CACHE_NAME: "name of that cache in ElastiCache: tokens are signed for it",
  MILLRACE_REDIS_SERVERLESS: "true where that cache is a serverless one",
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from the environment.
 *
 * @throws `configuration`, listing everything that is wrong.
 */
export function readConfig(environment: Environment = process.env): Config {
  const read = (name: keyof typeof VARIABLES) => environment[name] || undefined;
  const tablePrefix = read("MILLRACE_TABLE_PREFIX") ?? "";
  const tableNames = readTableNames(read("MILLRACE_TABLE_NAMES"));
  const stateTable = read("MILLRACE_STATE_TABLE") ?? `${tablePrefix}millrace-state`;
  const dynamodbEndpoint = read("AWS_ENDPOINT_URL_DYNAMODB");
  const streamsEndpoint = read("AWS_ENDPOINT_URL_DYNAMODB_STREAMS") ?? dynamodbEndpoint;
  const redisUrl = read("REDIS_URL");
  const mistakes = [
    ...nameMistakes("MILLRACE_TABLE_PREFIX", tablePrefix, /^[a-zA-Z0-9_.-]{0,200}$/),
    ...Object.values(tableNames).flatMap((name) =>
      nameMistakes("MILLRACE_TABLE_NAMES", name, /^[a-zA-Z0-9_.-]{3,255}$/),
    ),
    ...nameMistakes("MILLRACE_STATE_TABLE", stateTable, /^[a-zA-Z0-9_.-]{3,255}$/),
    ...urlMistakes("AWS_ENDPOINT_URL_DYNAMODB", dynamodbEndpoint, ["http:", "https:"]),
    ...urlMistakes("AWS_ENDPOINT_URL_DYNAMODB_STREAMS", streamsEndpoint, ["http:", "https:"]),
    ...urlMistakes("REDIS_URL", redisUrl, ["redis:", "rediss:"]),
    ...flagMistakes("REDIS_CLUSTER", read("REDIS_CLUSTER")),
    ...flagMistakes("MILLRACE_REDIS_SERVERLESS", read("MILLRACE_REDIS_SERVERLESS")),
    ...iamMistakes(read, redisUrl),
  ];
  const user = read("MILLRACE_REDIS_IAM_USER");
  const cacheName = read("MILLRACE_REDIS_CACHE_NAME");
  const isServerless = read("MILLRACE_REDIS_SERVERLESS") === "true";
  if (mistakes.length > 0) throw configurationError("environment", mistakes);
  return {
    tablePrefix,
    stateTable,
    ...(Object.keys(tableNames).length > 0 && { tableNames }),
    ...(dynamodbEndpoint && { dynamodbEndpoint }),
    ...(streamsEndpoint && { streamsEndpoint }),
    ...(read("MILLRACE_BACKFILL_QUEUE") && {
      backfillQueue: read("MILLRACE_BACKFILL_QUEUE") ?? "",
    }),
    ...(redisUrl && { redisUrl }),
    ...(read("REDIS_CLUSTER") === "true" && { redisCluster: true }),
    ...(user && cacheName && { redisIam: { user, cacheName, isServerless } }),
  };
}

function nameMistakes(variable: string, value: string, allowed: RegExp): string[] {
  if (allowed.test(value)) return [];
  return [
    `${variable} is "${value}"; a table name has 3 to 255 of a-z, A-Z, 0-9, "_", "-" and "."`,
  ];
}

function urlMistakes(
  variable: string,
  value: string | undefined,
  protocols: readonly string[],
): string[] {
  if (value === undefined) return [];
  const protocol = URL.canParse(value) ? new URL(value).protocol : undefined;
  if (protocol !== undefined && protocols.includes(protocol)) return [];
  return [
    `${variable} is "${value}"; give an address that begins with ${protocols.map((p) => `${p}//`).join(" or ")}`,
  ];
}

function flagMistakes(variable: string, value: string | undefined): string[] {
  if (value === undefined || value === "true" || value === "false") return [];
  return [`${variable} is "${value}"; give true or false`];
}

/** A token is made for a user and a cache, and ElastiCache takes one on an encrypted connection only. */
function iamMistakes(
  read: (name: keyof typeof VARIABLES) => string | undefined,
  redisUrl: string | undefined,
): string[] {
  const user = read("MILLRACE_REDIS_IAM_USER");
  const cacheName = read("MILLRACE_REDIS_CACHE_NAME");
  if (user === undefined && cacheName === undefined) return [];
  const mistakes: string[] = [];
  if (user === undefined || cacheName === undefined)
    mistakes.push(
      "MILLRACE_REDIS_IAM_USER and MILLRACE_REDIS_CACHE_NAME belong together; give both or neither",
    );
  if (cacheName !== undefined && !/^[a-z][a-z0-9-]*$/.test(cacheName))
    mistakes.push(
      `MILLRACE_REDIS_CACHE_NAME is "${cacheName}"; give the cache's name in ElastiCache, not its address: lower-case letters, digits and "-"`,
    );
  if (redisUrl !== undefined && !redisUrl.startsWith("rediss:"))
    mistakes.push(`REDIS_URL is "${redisUrl}"; with IAM it has to begin with rediss://`);
  return mistakes;
}

/** `declared=actual` pairs, with commas between; a pair without a name is a mistake that shows as an empty one. */
function readTableNames(text = ""): Readonly<Record<string, string>> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [declared = "", actual = ""] = pair.split("=");
      return [declared, actual];
    }),
  );
}

/** How tables are named. */
type Naming = Pick<Config, "tablePrefix" | "tableNames">;

/** The name DynamoDB knows a declared table by. */
export function physicalName({ tablePrefix, tableNames }: Naming, table: string): string {
  return tableNames?.[table] ?? tablePrefix + table;
}

/** The declared name of a table DynamoDB knows; `undefined` where the prefix is another's. */
export function declaredName(
  { tablePrefix, tableNames = {} }: Naming,
  table: string,
): string | undefined {
  const named = Object.entries(tableNames).find(([, actual]) => actual === table);
  if (named) return named[0];
  return table.startsWith(tablePrefix) ? table.slice(tablePrefix.length) : undefined;
}
