/**
 * Proves that the servers of docker-compose.yml and the pipeline between them work, from outside, as a user would:
 * a flight written by the AWS SDK arrives in a secondary table and in the cache, and leaves both again.
 *
 *   docker compose up --build --wait && node scripts/check-compose.mjs
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
} from "@aws-sdk/lib-dynamodb";
import { Redis } from "ioredis";

const LIMIT_MS = 30_000;
const POLL_MS = 5;

// The SDK's notice about coming Node versions is for whoever maintains this, not for whoever runs it.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const endpoint = `http://127.0.0.1:${process.env.DYNAMODB_PORT ?? 8000}`;
const redisUrl = `redis://127.0.0.1:${process.env.REDIS_PORT ?? 6379}`;

const documents = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  }),
);
const redis = new Redis(redisUrl, { maxRetriesPerRequest: 3 });
redis.on("error", () => undefined);

const flight = {
  flightId: `compose-${process.pid}-${Date.now()}`,
  origin: "SEA",
  destination: "SFO",
  scheduledAt: "2001-01-01T08:00",
  status: "DEPARTED",
  delay: 7,
  distance: 679,
};
const { flightId, destination } = flight;

async function readRow() {
  const { Item } = await documents.send(
    new GetCommand({ TableName: "flights-by-destination", Key: { destination, flightId } }),
  );
  return Item;
}

async function readEntry() {
  const entry = await redis.hgetall(`flight:${flightId}`);
  return Object.keys(entry).length > 0 ? entry : undefined;
}

/** Waits until what is read is as it should be; says how long it took. */
async function until(what, read, isRight) {
  const startedAtMs = Date.now();
  for (;;) {
    const found = await read();
    if (isRight(found)) return Date.now() - startedAtMs;
    if (Date.now() - startedAtMs > LIMIT_MS)
      throw new Error(`${what} after ${LIMIT_MS / 1000} s; found ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function isTheFlight(found) {
  return found !== undefined && found.origin === "SEA" && Number(found.delay) === 7;
}

async function check() {
  const table = { TableName: "flights" };
  await documents.send(new PutCommand({ ...table, Item: flight }));
  const arrived = await Promise.all([
    until("the flight is not in flights-by-destination", readRow, isTheFlight),
    until("the flight is not in the cache", readEntry, isTheFlight),
  ]);
  await documents.send(new DeleteCommand({ ...table, Key: { flightId } }));
  const left = await Promise.all([
    until("the deleted flight is still in flights-by-destination", readRow, (row) => !row),
    until("the deleted flight is still in the cache", readEntry, (entry) => !entry),
  ]);
  console.log(`ok: in the table after ${arrived[0]} ms, in the cache after ${arrived[1]} ms`);
  console.log(`ok: deleted from the table after ${left[0]} ms, from the cache after ${left[1]} ms`);
}

try {
  await check();
} catch (thrown) {
  console.error(`failed against ${endpoint} and ${redisUrl}: ${thrown.message || thrown.name}`);
  process.exitCode = 1;
} finally {
  documents.destroy();
  redis.disconnect();
}
