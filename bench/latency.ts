import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";

import { startPipelineProcess } from "../src/cli/demo/pipeline-process.js";
import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";

/** How long after a write its row is visible, in milliseconds. */
export interface LatencyFigure {
  readonly sink: "dynamodb" | "redis";
  readonly writes: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

const WARM_UP = 50;
const WRITES = 500;
const PAUSE_MS = 20;

/**
 * Measures from the answer to a write until the row can be read in the secondary table, and in Redis, while
 * `millrace dev` runs and nothing else does.
 */
export async function latency(): Promise<readonly LatencyFigure[]> {
  const services = await openServices({ needsRedis: true });
  const pipeline = await startPipelineProcess((line) => console.error(line));
  const client = new DynamoDBClient({ endpoint: services.config.dynamodbEndpoint ?? "" });
  const redis = new Redis(services.config.redisUrl ?? "");
  const timesMs: Record<LatencyFigure["sink"], number[]> = { dynamodb: [], redis: [] };
  try {
    for (let i = 0; i < WARM_UP + WRITES; i++) {
      const flightId = `F${i}`;
      await client.send(new PutItemCommand({ TableName: "flights", Item: flight(flightId) }));
      const startedAtMs = performance.now();
      const [table, cache] = await Promise.all([
        until(startedAtMs, async () => {
          const Key = { destination: { S: "SFO" }, flightId: { S: flightId } };
          return (
            (await client.send(new GetItemCommand({ TableName: "flights-by-destination", Key })))
              .Item !== undefined
          );
        }),
        until(startedAtMs, async () => (await redis.exists(`flight:${flightId}`)) === 1),
      ]);
      if (i >= WARM_UP) {
        timesMs.dynamodb.push(table);
        timesMs.redis.push(cache);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  } finally {
    redis.disconnect();
    client.destroy();
    await pipeline.stop();
    await services.stop();
  }
  const figures = [figure("dynamodb", timesMs.dynamodb), figure("redis", timesMs.redis)];
  print(figures);
  return figures;
}

function flight(flightId: string) {
  return {
    flightId: { S: flightId },
    origin: { S: "JFK" },
    destination: { S: "SFO" },
    scheduledAt: { S: "2001-01-01T12:00" },
    status: { S: "DEPARTED" },
    delay: { N: "3" },
    distance: { N: "2586" },
  };
}

async function until(startedAtMs: number, isThere: () => Promise<boolean>): Promise<number> {
  while (!(await isThere())) await new Promise((resolve) => setTimeout(resolve, 1));
  return performance.now() - startedAtMs;
}

function figure(sink: LatencyFigure["sink"], timesMs: number[]): LatencyFigure {
  const sorted = timesMs.sort((a, b) => a - b);
  const at = (share: number) =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) * 10) /
    10;
  return { sink, writes: sorted.length, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

function print(figures: readonly LatencyFigure[]): void {
  const rows = figures.map(({ sink, writes, medianMs, p99Ms, maxMs }) => [
    sink,
    writes,
    medianMs,
    p99Ms,
    maxMs,
  ]);
  console.error(
    `from write to visible\n${formatTable(["sink", "writes", "median ms", "p99 ms", "max ms"], rows)}`,
  );
}
