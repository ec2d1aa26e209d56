import { type ChildProcess, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

import { endpoint, testDynamoDb } from "../support/endpoints.js";

const ROOT = process.cwd();
const TABLE = `dev-functions-${process.pid}`;

let folder: string;
let dev: ChildProcess | undefined;
let said = "";

beforeEach(() => {
  mkdirSync(join(ROOT, ".millrace"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".millrace", "dev-functions-"));
  writeFileSync(
    join(folder, "serverless.yml"),
    `
service: shop
provider: { name: aws, runtime: nodejs22.x, environment: { GREETING: hello } }
functions:
  copy:
    handler: copy.handler
    events:
      - stream:
          type: dynamodb
          arn: !GetAtt Orders.StreamArn
          batchSize: 1
          maximumRetryAttempts: 1
          filterPatterns: [{ eventName: [INSERT] }]
          destinations: { onFailure: { type: sqs, arn: !GetAtt Failures.Arn } }
resources:
  Resources:
    Failures: { Type: AWS::SQS::Queue, Properties: { QueueName: failures } }
    Orders:
      Type: AWS::DynamoDB::Table
      Properties:
        TableName: ${TABLE}
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{ AttributeName: id, AttributeType: S }]
        KeySchema: [{ AttributeName: id, KeyType: HASH }]
        StreamSpecification: { StreamViewType: NEW_AND_OLD_IMAGES }
`,
  );
  writeFileSync(
    join(folder, "copy.ts"),
    `
import type { DynamoDBStreamEvent } from "aws-lambda";
export const handler = async ({ Records }: DynamoDBStreamEvent) => {
  const id = Records[0]?.dynamodb?.Keys?.["id"]?.S;
  if (id === "poison") throw new Error("poison");
  console.log(\`\${process.env["GREETING"]} \${id}\`);
};
`,
  );
});

afterEach(async () => {
  if (dev && dev.exitCode === null && dev.signalCode === null) {
    const ended = new Promise((resolve) => dev?.once("exit", resolve));
    dev.kill("SIGKILL");
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

test("G19: millrace dev --config calls the functions of a serverless.yml that has nothing of Millrace in it", async () => {
  const ready = join(folder, "ready");
  const data = join(folder, "data");
  const args = ["--config", "serverless.yml", "--data", data, "--ready-file", ready];
  dev = spawn(
    process.execPath,
    ["--import", "tsx", join(ROOT, "src/cli/main.ts"), "dev", ...args],
    {
      cwd: folder,
      env: {
        ...process.env,
        NODE_OPTIONS: "",
        NO_COLOR: "1",
        AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
      },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  for (const stream of [dev.stdout, dev.stderr])
    stream?.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const until = async (isSo: () => boolean) => {
    while (!isSo()) {
      if (dev?.exitCode !== null) throw new Error(said);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  await until(() => existsSync(ready));
  await until(() => said.includes(`${TABLE} > shop-dev-copy`));
  const client = testDynamoDb();
  for (const id of ["1", "poison", "2"])
    await client.send(new PutItemCommand({ TableName: TABLE, Item: { id: { S: id } } }));
  client.destroy();
  await until(() => said.includes("hello 2"));
  await until(() => said.includes("hello 1"));
  await until(() => said.includes("1 records given up, RetryAttemptsExhausted"));
  const told = join(data, "failures", "failures");
  const [file = ""] = readdirSync(told);
  expect(JSON.parse(readFileSync(join(told, file), "utf8"))).toMatchObject({
    requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 2 },
    responseContext: { functionError: "Unhandled" },
    DDBStreamBatchInfo: { batchSize: 1 },
  });
  const ended = new Promise((resolve) => dev?.once("exit", resolve));
  dev.kill("SIGINT");
  expect(await ended).toBe(0);
});
