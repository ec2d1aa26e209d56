import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import { dynamoDbStreamsClient } from "../src/compose.js";
import { createEventSourceMapping } from "../src/local/event-source-mapping/create-event-source-mapping.js";

/** How long the local mapping takes from a write to the handler's call, and what it costs while nothing happens. */
export interface MappingFigures {
  readonly writes: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Share of one core, in percent, of a mapping whose table nobody writes to. */
  readonly idleCorePercent: number;
}

const WARM_UP = 50;
const WRITES = 500;
/** After the last write, until a stream counts as idle. */
const UNTIL_IDLE_MS = 12_000;
const IDLE_MS = 10_000;

/** Measures from the answer to a write until the handler is called with it, one write at a time, then the idle cost. */
export async function mappingLatency(): Promise<MappingFigures> {
  const services = await openServices({ needsRedis: false });
  const client = new DynamoDBClient({});
  const streams = dynamoDbStreamsClient(services.config);
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: `latency-${Date.now()}`,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  let called: (atMs: number) => void = () => undefined;
  const mapping = await createEventSourceMapping({
    streamArn: TableDescription?.LatestStreamArn ?? "",
    streams,
    handler: () => called(performance.now()),
  });
  const timesMs: number[] = [];
  for (let i = 0; i < WARM_UP + WRITES; i++) {
    const call = new Promise<number>((resolve) => (called = resolve));
    const Item = { id: { S: String(i) } };
    const TableName = TableDescription?.TableName;
    await client.send(new PutItemCommand({ TableName, Item }));
    const writtenAtMs = performance.now();
    const tookMs = Math.max(0, (await call) - writtenAtMs);
    if (i >= WARM_UP) timesMs.push(tookMs);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, UNTIL_IDLE_MS));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const { user, system } = process.cpuUsage(before);
  await mapping.stop();
  client.destroy();
  streams.destroy();
  await services.stop();
  const sorted = timesMs.sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor(share * sorted.length)] ?? 0);
  const idleCorePercent = round((user + system) / 10 / IDLE_MS);
  const figures = { writes: WRITES, medianMs: at(0.5), p99Ms: at(0.99), idleCorePercent };
  const names = ["writes", "median ms", "p99 ms", "idle % of a core"];
  console.error(`from write to handler\n${formatTable(names, [Object.values(figures)])}`);
  return figures;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
