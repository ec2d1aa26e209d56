import { tsImport } from "tsx/esm/api";

/** Starts one DynamoDB Local and one redis-server for all integration tests, or uses those the environment names. */
export default async function startServices() {
  process.env.AWS_REGION ??= "us-east-1";
  process.env.AWS_ACCESS_KEY_ID ??= "local";
  process.env.AWS_SECRET_ACCESS_KEY ??= "local";
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const [{ startDynamoDbLocal }, { startRedisServer }] = await Promise.all([
    tsImport("../../src/local/embedded/dynamodb-local.ts", import.meta.url),
    tsImport("../../src/local/embedded/redis-server.ts", import.meta.url),
  ]);
  const named = {
    dynamodb: process.env.MILLRACE_TEST_DYNAMODB,
    redis: process.env.MILLRACE_TEST_REDIS,
  };
  const [dynamodb, redis] = await Promise.all([
    named.dynamodb ? undefined : startDynamoDbLocal({ environment: process.env }),
    named.redis ? undefined : startRedisServer(),
  ]);
  if (dynamodb) process.env.MILLRACE_TEST_DYNAMODB = dynamodb.endpoint;
  if (redis) process.env.MILLRACE_TEST_REDIS = redis.url;
  globalThis.millraceTestServices = [dynamodb, redis];
}
