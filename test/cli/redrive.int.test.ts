import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { streamVersion } from "../../src/change/version.js";
import { ensureTables } from "../../src/local/ensure-tables.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { LABEL, streamRecord } from "../support/records.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "millrace-redrive-"));
const prefix = `redrive-cli-${process.pid}-`;
const client = testDynamoDb();

beforeAll(async () => {
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(folder, "pipeline.ts"),
    `import { source, tableView } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
     const orders = source({ table: "orders", key: ["id"] });
     const row = (item) => { if (item.total === undefined) throw new Error("no total"); return item; };
     export const totals = tableView({ name: "totals", source: orders, key: ["id"], row });`,
  );
  const orders = source<{ id: string }>({ table: "orders", key: ["id"] });
  const totals = tableView({ name: "totals", source: orders, key: ["id"] });
  const stateTable = `${prefix}millrace-state`;
  const declarations = collectDeclarations({ totals });
  await ensureTables({ client, declarations, physicalName: (name) => prefix + name, stateTable });
  const quarantine = createDynamoDbQuarantine({ client, tableName: stateTable });
  for (const [id, item] of [
    ["good", { id: "good", total: 1 }],
    ["bad", { id: "bad" }],
  ] as const) {
    const record = streamRecord({ new: item });
    const Item = record.dynamodb!.NewImage as never;
    await client.send(new PutItemCommand({ TableName: `${prefix}orders`, Item }));
    await quarantine.park({
      ...{ view: "totals", source: "orders", itemKey: JSON.stringify([id]), records: [record] },
      position: streamVersion(LABEL, record.dynamodb!.SequenceNumber!),
      error: { code: "view-failed", message: "no total", stack: "Error: no total" },
      parkedAtMs: 1_767_225_600_000,
    });
  }
});
afterAll(() => {
  client.destroy();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs millrace as a user would. */
function millrace(...given: string[]) {
  const tsx = join(ROOT, "node_modules/tsx/dist/esm/index.mjs");
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", tsx, join(ROOT, "src/cli/main.ts"), ...given],
    {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
        MILLRACE_TABLE_PREFIX: prefix,
      },
    },
  );
  return { status, stdout, stderr };
}

test("G62: quarantine is listed, shown and redriven from the command line, and what stays behind is told", () => {
  const listed = millrace("quarantine", "list");
  expect(listed.stdout).toMatch(/^totals {2}view-failed {6}2 {8}2 {2}2026-01-01 00:00/m);
  expect(listed.stdout).not.toContain("\u001b[");
  expect(millrace("quarantine", "show", "totals", "bad").stdout).toContain("Error: no total");
  expect(millrace("quarantine", "show", "totals", "none").status).toBe(1);

  const nothing = millrace("redrive");
  expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining("nothing is selected")]); // prettier-ignore
  expect(millrace("redrive", "nix")).toMatchObject({ status: 2, stderr: expect.stringContaining("there are totals") as unknown }); // prettier-ignore
  expect(millrace("redrive", "*", "--discard").stderr).toContain("say --yes");

  const redriven = millrace("redrive", "--all", "--json");
  expect(redriven.status).toBe(1);
  expect(JSON.parse(redriven.stdout)).toMatchObject({
    ok: false,
    views: [{ view: "totals", redriven: 1, stays: 1, puts: 1 }],
    stays: [{ itemKey: '["bad"]', code: "view-failed" }],
  });
  const left = JSON.parse(millrace("quarantine", "list", "totals", "--json").stdout) as object;
  expect(left).toMatchObject({ ok: false, groups: [{ view: "totals", items: 1 }] });
});
