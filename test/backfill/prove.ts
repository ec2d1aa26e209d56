/**
 * `node --import tsx test/backfill/prove.ts 200k`: backfills real flights into three views while 200 writes a second go on
 * through the pipeline, kills the backfill twice and goes on with it, and compares every view with its recomputation.
 */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

import type { FlightSize } from "../../src/cli/demo/flight-data.js";
import { startDynamoDbLocal } from "../../src/local/embedded/dynamodb-local.js";
import { startRedisServer } from "../../src/local/embedded/redis-server.js";
import { boardFlights } from "./live-rig.js";
import { proveBackfill } from "./prove-backfill.js";

const [size = "20k", ...args] = process.argv.slice(2);
const [dynamodb, redis] = await Promise.all([
  startDynamoDbLocal({ environment: process.env }),
  startRedisServer({}),
]);
const environment = {
  AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
  REDIS_URL: redis.url,
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "local",
  AWS_SECRET_ACCESS_KEY: "local",
};
Object.assign(process.env, environment);
const client = new DynamoDBClient({ endpoint: dynamodb.endpoint });
const startedAtMs = Date.now();
const proof = await proveBackfill({
  client,
  environment,
  flights: boardFlights(size as FlightSize),
  writesPerSecond: 200,
  args,
  log: (line) => print(`${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(7)} ${line}`),
});
print(JSON.stringify(proof, undefined, 1));
client.destroy();
await Promise.all([dynamodb.stop(), redis.stop()]);
process.exit();

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
