import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DynamoDBDocumentClient,
} from "@aws-sdk/lib-dynamodb";

import type { RecordedAirport, RecordedFlight } from "./flight-data.js";
import { flightHistory, type FlightWrite } from "./flight-history.js";

type Requests = NonNullable<BatchWriteCommandInput["RequestItems"]>[string];

/** What the demo writes, and where. */
export interface DemoWrites {
  readonly client: DynamoDBClient;
  readonly flightsTable: string;
  readonly airportsTable: string;
  readonly flights: readonly RecordedFlight[];
  readonly airports: readonly RecordedAirport[];
  readonly seed: number;
  readonly onWritten: (count: number) => void;
  /** Waited for before each wave of writes. */
  readonly beforeWave?: () => Promise<void>;
}

/** Flights in one wave: few enough that the three writes of a flight are not all folded into one. */
const WAVE = 500;
const BATCH = 25;
const REQUESTS_AT_ONCE = 4;
const RETRY_DELAY_MS = 200;

/**
 * Writes all airports, then the whole life of every flight, by plain AWS SDK calls that know nothing of views.
 *
 * Goes on where it was when DynamoDB is away for a while: every write is repeated until it succeeds.
 */
export async function writeDemo(writes: DemoWrites): Promise<void> {
  const documents = DynamoDBDocumentClient.from(writes.client);
  await writeAll(
    documents,
    writes.airportsTable,
    writes.airports.map((Item) => ({ PutRequest: { Item } })),
    writes.onWritten,
  );
  for (const wave of flightHistory(writes.flights, writes.seed, WAVE)) {
    await writes.beforeWave?.();
    await writeAll(documents, writes.flightsTable, wave.map(requestOf), writes.onWritten);
  }
}

function requestOf(write: FlightWrite): Requests[number] {
  return write.type === "put"
    ? { PutRequest: { Item: write.item } }
    : { DeleteRequest: { Key: { flightId: write.flightId } } };
}

async function writeAll(
  documents: DynamoDBDocumentClient,
  table: string,
  requests: Requests,
  onWritten: (count: number) => void,
): Promise<void> {
  const batches: Requests[] = [];
  for (let start = 0; start < requests.length; start += BATCH)
    batches.push(requests.slice(start, start + BATCH));
  const worker = async () => {
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      await writeBatch(documents, table, batch);
      onWritten(batch.length);
    }
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
}

async function writeBatch(
  documents: DynamoDBDocumentClient,
  table: string,
  batch: Requests,
): Promise<void> {
  for (let pending = batch; pending.length > 0;) {
    try {
      const answer = await documents.send(
        new BatchWriteCommand({ RequestItems: { [table]: pending } }),
      );
      pending = answer.UnprocessedItems?.[table] ?? [];
    } catch (thrown) {
      if (!isPassing(thrown)) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
    }
  }
}

/** Whether DynamoDB was away rather than unwilling. */
function isPassing(thrown: unknown): boolean {
  const { $metadata, $fault } = thrown as {
    $metadata?: { httpStatusCode?: number };
    $fault?: string;
  };
  return $fault !== "client" || $metadata?.httpStatusCode === undefined;
}
