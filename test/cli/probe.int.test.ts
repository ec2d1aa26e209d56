import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { CreateTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { createTableInput } from "../../src/dynamodb/table-definition.js";
import type { ProbeReport } from "../../src/probe/probe.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { freshId, put, said } from "../sink/contract/subject.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";

const ROOT = process.cwd();
const table = `cli-probe-${freshId()}`;
let folder: string;

beforeAll(async () => {
  mkdirSync(join(ROOT, ".millrace"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".millrace", "probe-test-"));
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { cacheView, source } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
     const notes = source<{ id: string }>({ table: ${JSON.stringify(table)}, key: ["id"] });
     export const cards = cacheView({ name: "cards", source: notes, type: "json", key: ({ id }) => id });`,
  );
  const client = testDynamoDb();
  const key = [{ name: "id", type: "S" as const }];
  await client.send(
    new CreateTableCommand(createTableInput({ table, key, followed: true }, table)),
  );
  const notes = source<{ id: string }>({ table, key: ["id"] });
  const cards = cacheView({ name: "cards", source: notes, type: "json", key: ({ id }) => id });
  const sink = createRedisSink({ redis: testRedis() });
  for (const id of [`${table}:1`, `${table}:2`]) {
    await client.send(new PutItemCommand({ TableName: table, Item: { id: { S: id } } }));
    expect((await sink.apply([put(cards, { id }, 1)])).map(said)).toEqual(["applied"]);
  }
  await sink.close();
  client.destroy();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the command to its end. */
function millrace(...args: string[]) {
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
    REDIS_URL: endpoint("MILLRACE_TEST_REDIS"),
  };
  const command = ["--import", "tsx", join(ROOT, "src/cli/main.ts"), ...args];
  const env = { ...process.env, NODE_OPTIONS: "", NO_COLOR: "1", ...environment };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, command, { cwd: folder, env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test("millrace probe tells how consistent a view is, and of a view that is not there, which there are", async () => {
  const [fine, unknown] = await Promise.all([
    millrace("probe", "cards", "--json"),
    millrace("probe", "crads"),
  ]);
  expect(fine.code).toBe(0);
  expect(JSON.parse(fine.stdout) as ProbeReport).toMatchObject({
    ...{ view: "cards", ok: true, keys: 2, absent: 0, unjudged: 0, offenders: [] },
    within: [1, 10, 60].map((withinSeconds) => ({ withinSeconds, inconsistent: 0, share: 1 })),
  });
  expect(fine.stderr).toMatch(/cards {2}2 keys compared/);
  expect(unknown.code).toBe(2);
  expect(unknown.stderr).toContain('there is no view "crads"; in the cache there are cards');
});
