import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import {
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateTableCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";

import type { DevStatus } from "../../src/cli/commands/dev.js";
import { type FlightSize, readFlights } from "../../src/cli/demo/flight-data.js";
import { createRandom } from "../simulation/random.js";
import type { BoardFlight } from "./pipeline.js";

/** Absolute: `millrace dev` takes it from the folder it is in. */
export const PIPELINE = fileURLToPath(new URL("pipeline.ts", import.meta.url));
export const VIEWS = ["board-by-destination", "board-routes", "board-cards"] as const;

/** What `millrace backfill --json` prints of a source, as far as a test looks at it. */
export interface PrintedReport {
  readonly ok: boolean;
  readonly sources: readonly {
    readonly scanned: number;
    readonly finished: boolean;
    readonly streamChanged: boolean;
    readonly views: readonly {
      readonly view: string;
      readonly applied: number;
      readonly parked: number;
    }[];
  }[];
}

/** Real flights, each as one item. */
export function boardFlights(size: FlightSize, limit?: number): readonly BoardFlight[] {
  return readFlights(size)
    .slice(0, limit)
    .map(({ origin, destination, delay, distance }, i) => ({
      flightId: `${origin}-${destination}-${i}`,
      origin,
      destination,
      delay,
      distance,
    }));
}

/** Fills a table that has no stream yet, and then enables it: what is in it, only a backfill can bring. */
export async function fillBeforeStream(
  client: DynamoDBClient,
  TableName: string,
  items: readonly BoardFlight[],
): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "flightId", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "flightId", KeyType: "HASH" }],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName });
  const batches: BoardFlight[][] = [];
  for (let from = 0; from < items.length; from += 25) batches.push(items.slice(from, from + 25));
  const writeSome = async () => {
    for (let batch = batches.pop(); batch; batch = batches.pop()) {
      const puts = batch.map((item) => ({ PutRequest: { Item: marshall(item) } }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: puts } }));
    }
  };
  await Promise.all([writeSome(), writeSome(), writeSome(), writeSome()]);
  const StreamSpecification = {
    StreamEnabled: true,
    StreamViewType: "NEW_AND_OLD_IMAGES",
  } as const;
  await client.send(new UpdateTableCommand({ TableName, StreamSpecification }));
}

/** `millrace dev` in a process of its own. */
export interface LivePipeline {
  /** Resolves once all that was written before now is in the views. */
  caughtUp(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the pipeline, and waits until it is up. */
export async function startPipeline(environment: NodeJS.ProcessEnv): Promise<LivePipeline> {
  const data = mkdtempSync(join(tmpdir(), "millrace-live-"));
  const child = run(
    ["dev", "--quiet", "--no-watch", "--data", data, "--pipeline", PIPELINE],
    environment,
    ["ignore", "ignore", "inherit", "ipc"],
  );
  const until = (isReached: (status: DevStatus) => boolean) =>
    new Promise<void>((resolve, reject) => {
      const ended = () => reject(new Error("the pipeline has ended"));
      const check = (status: DevStatus) => {
        if (!isReached(status)) return;
        child.off("message", check).off("exit", ended);
        resolve();
      };
      child.on("message", check).once("exit", ended);
    });
  await until(() => true);
  return {
    caughtUp: () => {
      const sinceMs = Date.now();
      return until(({ caughtUpAtMs = 0 }) => caughtUpAtMs > sinceMs);
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** A command under way, as a user starts it. */
export interface CommandProcess<Printed> {
  kill(): void;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly printed: Printed | undefined;
    readonly said: string;
  }>;
}

/** Starts `millrace backfill --json`. */
export function startBackfill(
  environment: NodeJS.ProcessEnv,
  args: readonly string[] = [],
): CommandProcess<PrintedReport> {
  return startCommand(environment, ["backfill", ...VIEWS, ...args]);
}

/** Starts a command of `millrace` with `--json`. */
export function startCommand<Printed>(
  environment: NodeJS.ProcessEnv,
  [command = "", ...args]: readonly string[],
): CommandProcess<Printed> {
  const child = run([command, "--pipeline", PIPELINE, "--json", ...args], environment, [
    "ignore",
    "pipe",
    "pipe",
  ]);
  let output = "";
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    kill: () => void child.kill("SIGKILL"),
    ended: new Promise((resolve) =>
      child.once("close", (code) => {
        const printed = output === "" ? undefined : (JSON.parse(output) as Printed);
        resolve({ code, printed, said });
      }),
    ),
  };
}

function run(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  stdio: Parameters<typeof spawn>[2]["stdio"],
): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args], {
    env: { ...process.env, NODE_OPTIONS: "", ...environment },
    stdio,
  });
}

/** Somebody who goes on writing. */
export interface Writer {
  readonly writes: () => number;
  stop(): Promise<void>;
}

/** Writes under way at once: a slow server is not to be buried. */
const MOST_UNDER_WAY = 8;

/** Changes, moves, deletes and adds flights, so many a second. */
export function startWriter(
  client: DynamoDBClient,
  TableName: string,
  flights: readonly BoardFlight[],
  perSecond: number,
): Writer {
  const random = createRandom("writer");
  const places = [...new Set(flights.slice(0, 500).map(({ destination }) => destination))];
  const everyMs = 50;
  const underWay = new Set<Promise<unknown>>();
  let writes = 0;
  const writeOne = async () => {
    const flight = random.pick(flights);
    const { flightId } = flight;
    const Item = { ...flight, destination: random.pick(places), delay: random.below(300) };
    const isDeleted = random.chance(0.2);
    const command = isDeleted
      ? new DeleteItemCommand({ TableName, Key: marshall({ flightId }) })
      : new PutItemCommand({ TableName, Item: marshall(Item) });
    await client.send(command as PutItemCommand);
    writes++;
  };
  const timer = setInterval(() => {
    for (let n = 0; n < (perSecond * everyMs) / 1000 && underWay.size < MOST_UNDER_WAY; n++) {
      const write = writeOne();
      underWay.add(write);
      void write.finally(() => underWay.delete(write));
    }
  }, everyMs);
  return {
    writes: () => writes,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
