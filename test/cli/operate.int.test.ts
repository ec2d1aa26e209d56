import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "@jest/globals";

import { ensureTables } from "../../src/local/ensure-tables.js";
import type { StatusReport } from "../../src/status/assess.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";

const ROOT = process.cwd();
const prefix = `cli-status-${process.pid}-`;
const client = testDynamoDb();
const notes = source<{ id: string }>({ table: "notes", key: ["id"] });
const copies = tableView({ name: "copies", source: notes, key: ["id"] });
const opened = {} as { folder: string };

/** Runs `millrace` as a user would. */
function millrace(...options: string[]) {
  const main = join(ROOT, "src/cli/main.ts");
  return spawnSync(process.execPath, ["--import", "tsx", main, ...options], {
    cwd: opened.folder,
    encoding: "utf8",
    env: {
      PATH: process.env["PATH"],
      MILLRACE_TABLE_PREFIX: prefix,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
    },
  });
}

beforeAll(async () => {
  mkdirSync(join(ROOT, ".millrace"), { recursive: true });
  opened.folder = mkdtempSync(join(ROOT, ".millrace", "operate-test-"));
  writeFileSync(
    join(opened.folder, "pipeline.ts"),
    `import { source, tableView } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
     const notes = source<{ id: string }>({ table: "notes", key: ["id"] });
     export const copies = tableView({ name: "copies", source: notes, key: ["id"] });`,
  );
  writeFileSync(
    join(opened.folder, "changed.ts"),
    `import { tableView } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
     import { copies } from "./pipeline.js";
     export { copies };
     export const others = tableView({ name: "others", source: copies.source, key: ["id"] });`,
  );
  writeFileSync(
    join(opened.folder, "versions.ts"),
    `import { tableView } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
     import { copies } from "./pipeline.js";
     export { copies };
     export const second = tableView({
       name: "copies", version: 2, source: copies.source, key: ["id"],
     });`,
  );
  await ensureTables({
    client,
    declarations: collectDeclarations({ copies }),
    physicalName: (table) => prefix + table,
    stateTable: `${prefix}millrace-state`,
  });
});

afterAll(() => {
  rmSync(opened.folder, { recursive: true, force: true });
  client.destroy();
});

test("millrace status prints plain text where there is no terminal, and one JSON object where asked to", () => {
  const plain = millrace("status", "copies");
  expect([plain.status, plain.stderr]).toEqual([0, ""]);
  expect(plain.stdout).toMatch(/^\S+ \S+ UTC\n\nnotes {2}stream \S+\n {2}tables {2}no batch yet\n/);
  expect(plain.stdout).toContain("\n  copies        0      0       0       0  -\n");

  expect(plain.stdout).not.toMatch(/\u001B/);
  const json = JSON.parse(millrace("status", "--json").stdout) as StatusReport;
  expect(json).toMatchObject({ ok: true, sources: [{ source: "notes" }] });
});

test("millrace status refuses views that there are not, and ends with 2", () => {
  const wrong = millrace("status", "copy");
  expect([wrong.status, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toBe('no view is named "copy"; there are: copies\n');
});

test("millrace plan prints what would change with what it costs, and ends with 1 where something would", () => {
  const same = millrace("plan", "--changes-per-second", "160", "--writes", "copies=0.5");
  expect([same.status, same.stderr]).toEqual([0, ""]);
  expect(same.stdout).toMatch(/^nothing to do/);
  expect(same.stdout).toContain("notes  assumed: 160 changes/s, 10 a batch, items of 512 bytes");
  const json = millrace("plan", "--json", "--pipeline", "changed.ts");
  expect(json.status).toBe(1);
  expect(JSON.parse(json.stdout)).toMatchObject({
    ok: false,
    changes: [{ kind: "create", subject: "others" }],
  });
  const wrong = millrace("plan", "--price", "write=1");
  expect([wrong.status, wrong.stdout]).toEqual([2, ""]);
  expect(wrong.stderr).toContain('--price is given "write=1"; give name=number');
});

test("millrace switch and drop say what they did, and refuse with the remedy", () => {
  const versions = ["--pipeline", "versions.ts"];
  const early = millrace("switch", "copies", ...versions);
  expect([early.status, early.stdout]).toEqual([2, ""]);
  expect(early.stderr).toContain("run npx millrace backfill copies@2 and verify it");
  const done = millrace("switch", "copies", "--anyway", ...versions);
  expect(done.stdout).toBe(
    "copies: readers read version 2 from now on, version 1 no more\nback: npx millrace switch copies --to 1\n",
  );
  const read = millrace("drop", "copies", "--version", "2", ...versions);
  expect([read.status, read.stdout]).toEqual([2, ""]);
  expect(read.stderr).toContain("is the one that is read");
});
