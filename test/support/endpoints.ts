import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { Redis } from "ioredis";

/** An endpoint of the servers that integration tests run against. */
export function endpoint(name: "MILLRACE_TEST_DYNAMODB" | "MILLRACE_TEST_REDIS"): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; jest's global setup starts the servers`);
  return value;
}

/** A client of DynamoDB Local; to be destroyed. */
export function testDynamoDb(): DynamoDBClient {
  return new DynamoDBClient({
    endpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
    region: "us-east-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
}

/** A client of redis-server; to be disconnected. */
export function testRedis(): Redis {
  return new Redis(endpoint("MILLRACE_TEST_REDIS"));
}
