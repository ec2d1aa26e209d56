import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, expect, test } from "@jest/globals";

import { ensureTables } from "../../src/local/ensure-tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";

const run = `cli-verify-${process.pid}-${Date.now()}`;
const client = testDynamoDb();
afterAll(() => client.destroy());

const millrace = (pipeline: string, ...args: string[]) =>
  new Promise<{ code: number | null; out: string; err: string }>((done) => {
    const command = ["--import", "tsx", "src/cli/main.ts", "verify", "--pipeline", pipeline];
    const child = spawn(process.execPath, [...command, ...args], {
      env: {
        ...process.env,
        MILLRACE_STATE_TABLE: `state-${run}`,
        AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
      },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (data) => (out += String(data)));
    child.stderr.on("data", (data) => (err += String(data)));
    child.on("close", (code) => done({ code, out, err }));
  });

test("G58, G59: the command exits 1 on drift, 0 once it is repaired, 2 on what it does not know; --json is last", async () => {
  const items = source<{ id: string }>({ table: `items-${run}`, key: ["id"] });
  const copies = tableView({ name: `copies-${run}`, source: items, key: ["id"] });
  const declarations = collectDeclarations({ items, copies });
  await ensureTables({ client, declarations, physicalName: (t) => t, stateTable: `state-${run}` });
  await client.send(new PutItemCommand({ TableName: items.table, Item: { id: { S: "a" } } }));
  const folder = mkdtempSync(join(tmpdir(), "verify-"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const pipeline = join(folder, "pipeline.ts");
  writeFileSync(
    pipeline,
    `import { source, tableView } from ${JSON.stringify(resolve("src/index.ts"))};
     export const items = source({ table: "items-${run}", key: ["id"] });
     export const copies = tableView({ name: "copies-${run}", source: items, key: ["id"] });`,
  );
  const drifted = await millrace(pipeline, "--settle-seconds", "0", "--json");
  expect([drifted.code, drifted.out === "" ? drifted.err : ""]).toEqual([1, ""]);
  expect(JSON.parse(drifted.out)).toMatchObject({
    ok: false,
    views: [{ view: copies.name, sink: "dynamodb", rows: 1, missing: 1, extra: 0 }],
    findings: [{ view: copies.name, key: '["a"]', kind: "missing" }],
  });
  const repaired = await millrace(pipeline, copies.name, "--repair", "--settle-seconds", "0");
  expect(repaired).toMatchObject({ code: 0 });
  expect(repaired.out).toContain("repaired 1:");
  expect(await millrace(pipeline, "--settle-seconds", "0", "--sample", "50%")).toMatchObject({
    code: 0,
  });
  expect(await millrace(pipeline, "--key", '["a"]')).toMatchObject({ code: 0 });
  const unknown = await millrace(pipeline, "nothing");
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain(copies.name);
});
