import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import { freePort } from "../../../src/local/embedded/child-server.js";
import { startDynamoDbLocal } from "../../../src/local/embedded/dynamodb-local.js";
import { startRedisServer } from "../../../src/local/embedded/redis-server.js";

async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

describe("an embedded server", () => {
  test("that is given a port which is taken says so, and what to do", async () => {
    const port = await freePort();
    const squatter = createServer().listen(port, "127.0.0.1");
    const message = expect.stringMatching(new RegExp(`port ${port} is taken.*give another port`));
    await expect(startRedisServer({ port })).rejects.toMatchObject({
      code: "configuration",
      message,
    });
    await expect(startDynamoDbLocal({ port, environment: process.env })).rejects.toMatchObject({
      code: "configuration",
      message,
    });
    squatter.close();
  });

  test("that will not start says why in its own words", async () => {
    await expect(startRedisServer({ args: ["--nonsense", "yes"] })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(
        /redis-server on port \d+: it ended before it answered[^]*nonsense/,
      ),
    });
  });

  test("of Redis keeps its data in a folder over kill -9", async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "millrace-redis-"));
    const first = await startRedisServer({ dataDirectory });
    const redis = new Redis(first.url);
    await redis.set("k", "v");
    redis.disconnect();
    await first.stop();
    await using second = await startRedisServer({ dataDirectory });
    const again = new Redis(second.url);
    expect(await again.get("k")).toBe("v");
    again.disconnect();
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  test("of DynamoDB keeps its tables in a folder over kill -9", async () => {
    const dataDirectory = mkdtempSync(join(tmpdir(), "millrace-dynamodb-"));
    const first = await startDynamoDbLocal({ dataDirectory, environment: process.env });
    const clientOf = (at: string) => new DynamoDBClient({ endpoint: at });
    const key = { AttributeName: "id" };
    await clientOf(first.endpoint).send(
      new CreateTableCommand({
        TableName: "kept",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ ...key, AttributeType: "S" }],
        KeySchema: [{ ...key, KeyType: "HASH" }],
      }),
    );
    await first.stop();
    await using second = await startDynamoDbLocal({ dataDirectory, environment: process.env });
    expect((await clientOf(second.endpoint).send(new ListTablesCommand({}))).TableNames).toEqual([
      "kept",
    ]);
    rmSync(dataDirectory, { recursive: true, force: true });
  });

  test("does not outlive its owner, even when that is killed", async () => {
    const script =
      'const { startDynamoDbLocal } = await import("./src/local/embedded/dynamodb-local.ts");' +
      "const { endpoint } = await startDynamoDbLocal({ environment: process.env }); console.log(endpoint); setInterval(() => {}, 1000);";
    const owner = spawn(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", script],
      {
        env: { ...process.env, NODE_OPTIONS: "" },
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const endpoint = await new Promise<string>((resolve) =>
      owner.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim())),
    );
    expect(await answers(endpoint)).toBe(true);
    owner.kill("SIGKILL");
    while (await answers(endpoint)) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test("needs Java 17, and says what to install", async () => {
    const environment = { JAVA_HOME: "/nowhere", PATH: "/nowhere" };
    const path = process.env["PATH"];
    process.env["PATH"] = "/nowhere";
    try {
      await startDynamoDbLocal({ environment }).then((server) => server.stop());
    } catch (thrown) {
      expect(thrown).toMatchObject({
        code: "configuration",
        message: expect.stringMatching(/Java 17 or newer.*(apt-get|brew) install/),
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
