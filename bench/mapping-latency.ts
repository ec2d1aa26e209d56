import { CreateTableCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import { dynamoDbStreamsClient } from "../src/compose.js";
import { createEventSourceMapping } from "../src/local/event-source-mapping/create-event-source-mapping.js";
import { findOfflinePlugin, OFFLINE_PLUGIN, startOfflinePlugin } from "./offline-plugin.js";

/** How long it takes from a write to the handler's call, and what a mapping costs while nothing happens. */
export interface MappingFigures {
  readonly subject: "millrace" | typeof OFFLINE_PLUGIN;
  readonly writes: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Share of one core, in percent, of a mapping whose table nobody writes to. */
  readonly idleCorePercent: number;
}

/** A mapping that calls back with each batch. */
type StartMapping = (
  table: { readonly name: string; readonly streamArn: string },
  onCall: () => void,
) => Promise<{ stop(): Promise<void> }>;

const OURS = { warmUp: 50, writes: 500 };
/** Fewer, because one takes it up to half a second. */
const THEIRS = { warmUp: 5, writes: 60 };
/** After the last write, until a stream counts as idle. */
const UNTIL_IDLE_MS = 12_000;
const IDLE_MS = 10_000;

/**
 * Measures from the answer to a write until the handler is called with it, one write at a time, then the idle cost; of the
 * plugin of `serverless-offline` that people use today, too, where it is installed.
 */
export async function mappingLatency(): Promise<readonly MappingFigures[]> {
  const services = await openServices({ needsRedis: false });
  const client = new DynamoDBClient({});
  const streams = dynamoDbStreamsClient(services.config);
  const figures: MappingFigures[] = [];
  try {
    figures.push(
      await measure(client, { subject: "millrace", ...OURS }, ({ streamArn }, handler) =>
        createEventSourceMapping({ streamArn, streams, handler }),
      ),
    );
    const plugin = findOfflinePlugin();
    if (plugin) {
      const endpoint = services.config.dynamodbEndpoint ?? "";
      figures.push(
        await measure(client, { subject: OFFLINE_PLUGIN, ...THEIRS }, (table, onCall) =>
          startOfflinePlugin(plugin, { endpoint, table }, onCall),
        ),
      );
    } else {
      console.error(
        `${OFFLINE_PLUGIN} is not installed; to measure beside it: npm install --no-save ${OFFLINE_PLUGIN}`,
      );
    }
  } finally {
    client.destroy();
    streams.destroy();
    await services.stop();
  }
  const names = ["subject", "writes", "median ms", "p99 ms", "idle % of a core"];
  const rows = figures.map(({ subject, writes, medianMs, p99Ms, idleCorePercent }) => [
    subject,
    writes,
    medianMs,
    p99Ms,
    idleCorePercent,
  ]);
  console.error(`from write to handler\n${formatTable(names, rows)}`);
  return figures;
}

async function measure(
  client: DynamoDBClient,
  {
    subject,
    warmUp,
    writes,
  }: Pick<MappingFigures, "subject" | "writes"> & { readonly warmUp: number },
  start: StartMapping,
): Promise<MappingFigures> {
  const { TableDescription } = await client.send(
    new CreateTableCommand({
      TableName: `latency-${Date.now()}`,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  );
  const name = TableDescription?.TableName ?? "";
  let called: (atMs: number) => void = () => undefined;
  const mapping = await start({ name, streamArn: TableDescription?.LatestStreamArn ?? "" }, () =>
    called(performance.now()),
  );
  const timesMs: number[] = [];
  for (let i = 0; i < warmUp + writes; i++) {
    const call = new Promise<number>((resolve) => (called = resolve));
    await client.send(new PutItemCommand({ TableName: name, Item: { id: { S: String(i) } } }));
    const writtenAtMs = performance.now();
    const tookMs = Math.max(0, (await call) - writtenAtMs);
    if (i >= warmUp) timesMs.push(tookMs);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await new Promise((resolve) => setTimeout(resolve, UNTIL_IDLE_MS));
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const { user, system } = process.cpuUsage(before);
  await mapping.stop();
  const sorted = timesMs.sort((a, b) => a - b);
  const at = (share: number) => round(sorted[Math.floor(share * sorted.length)] ?? 0);
  const idleCorePercent = round((user + system) / 10 / IDLE_MS);
  return { subject, writes, medianMs: at(0.5), p99Ms: at(0.99), idleCorePercent };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
