import { join } from "node:path";

import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";

import { type Config, readConfig } from "../config.js";
import { messageOf, MillraceError } from "../errors.js";
import { type DynamoDbLocal, startDynamoDbLocal } from "../local/embedded/dynamodb-local.js";
import { type RedisServer, startRedisServer } from "../local/embedded/redis-server.js";

/** DynamoDB and Redis, ours or somebody else's, answering. */
export interface Services {
  readonly config: Config;
  /** One line a service: what it is and where. */
  readonly lines: readonly string[];
  /** Rejects when a server of ours ends by itself. */
  readonly died: Promise<never>;
  stop(): Promise<void>;
}

/** What {@link openServices} takes. */
export interface ServicesOptions {
  /** Folder for the data of servers of ours; in memory where none is given. */
  readonly dataDirectory?: string;
  readonly dynamodbPort?: number;
  readonly redisPort?: number;
  readonly needsRedis: boolean;
}

/**
 * Uses the services that the environment names, and starts those it does not.
 *
 * Afterwards the environment names all of them, so that handlers find what they would find on AWS.
 *
 * @throws `configuration` or `unavailable` when one cannot be started or does not answer, naming it and the remedy.
 */
export async function openServices(options: ServicesOptions): Promise<Services> {
  const named = readConfig();
  const [dynamodb, redis] = await startMissing(named, options);
  if (dynamodb) process.env["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb.endpoint;
  if (redis) process.env["REDIS_URL"] = redis.url;
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  const stop = async () => {
    // What was named here is gone; whoever opens services next in this process starts them anew.
    if (dynamodb) delete process.env["AWS_ENDPOINT_URL_DYNAMODB"];
    if (redis) delete process.env["REDIS_URL"];
    await Promise.all([dynamodb?.stop(), redis?.stop()]);
  };
  try {
    if (!dynamodb) await checkDynamoDb(config);
    if (!redis && options.needsRedis) await checkRedis(config.redisUrl ?? "");
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  const died = Promise.race(
    [dynamodb, redis].filter((server) => server !== undefined).map((server) => server.died),
  );
  return {
    config,
    lines: [
      `DynamoDB  ${config.dynamodbEndpoint ?? "AWS"}${dynamodb ? ` (DynamoDB Local, ${where(options)})` : ""}`,
      ...(config.redisUrl
        ? [`Redis     ${config.redisUrl}${redis ? ` (redis-server, ${where(options)})` : ""}`]
        : []),
    ],
    died: died.then((reason) => {
      throw new MillraceError("unavailable", reason);
    }),
    stop,
  };
}

/**
 * The settings of a DynamoDB that is there: the one the environment names, or AWS.
 *
 * @throws `configuration` when the environment is wrong, `unavailable` when DynamoDB does not answer.
 */
export async function reachDynamoDb(): Promise<Config> {
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  await checkDynamoDb(config);
  return config;
}

function where({ dataDirectory }: ServicesOptions): string {
  return dataDirectory === undefined ? "in memory" : `kept in ${dataDirectory}`;
}

async function startMissing(
  { dynamodbEndpoint, redisUrl }: Config,
  { dataDirectory, dynamodbPort, redisPort, needsRedis }: ServicesOptions,
): Promise<[DynamoDbLocal | undefined, RedisServer | undefined]> {
  const folder = (name: string) =>
    dataDirectory === undefined ? {} : { dataDirectory: join(dataDirectory, name) };
  const dynamodb = dynamodbEndpoint === undefined && !process.env["AWS_LAMBDA_FUNCTION_NAME"];
  const started = await Promise.allSettled([
    dynamodb
      ? startDynamoDbLocal({
          ...folder("dynamodb"),
          ...(dynamodbPort && { port: dynamodbPort }),
          environment: process.env,
        })
      : undefined,
    needsRedis && redisUrl === undefined
      ? startRedisServer({ ...folder("redis"), ...(redisPort && { port: redisPort }) })
      : undefined,
  ]);
  const failure = started.find((result) => result.status === "rejected");
  if (!failure)
    return started.map((result) => (result.status === "fulfilled" ? result.value : undefined)) as [
      DynamoDbLocal,
      RedisServer,
    ];
  for (const result of started) if (result.status === "fulfilled") await result.value?.stop();
  throw failure.reason;
}

/** DynamoDB Local takes any account; the SDK wants one named. */
export function nameLocalAccount(): void {
  process.env["AWS_REGION"] ??= "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] ??= "local";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "local";
}

async function checkDynamoDb({ dynamodbEndpoint }: Config): Promise<void> {
  const client = new DynamoDBClient({
    ...(dynamodbEndpoint && { endpoint: dynamodbEndpoint }),
    maxAttempts: 3,
  });
  try {
    await client.send(new ListTablesCommand({ Limit: 1 }));
  } catch (cause) {
    const endpoint = dynamodbEndpoint ?? "AWS";
    throw new MillraceError(
      "unavailable",
      `DynamoDB at ${endpoint} does not answer (${messageOf(cause)}); start it, or unset AWS_ENDPOINT_URL_DYNAMODB to have one started`,
      { cause },
    );
  } finally {
    client.destroy();
  }
}

async function checkRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    retryStrategy: () => null,
  });
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    await redis.ping();
  } catch (cause) {
    throw new MillraceError(
      "unavailable",
      `Redis at ${url} does not answer (${messageOf(cause)}); start it, or unset REDIS_URL to have one started`,
      { cause },
    );
  } finally {
    redis.disconnect();
  }
}
