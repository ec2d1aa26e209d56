import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";
import ts from "typescript";

const ROOT = resolve(import.meta.dirname, "..");

/** Modules and folders ("…/") whose logic is tested where it is used, by the test named. Keep it small. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  "src/sink/collision.ts": "test/sink/contract/owners.ts",
  "src/read/read-through.ts": "test/read/cache-reader.int.test.ts",
  "src/sink/redis/fill-call.ts": "test/read/cache-reader.int.test.ts",
  "src/sink/redis/read-collections.ts": "test/sink/contract/collections.ts",
  "src/sink/redis/script-call.ts": "test/sink/redis/redis-sink.int.test.ts",
  "src/sink/redis/send-scripts.ts": "test/sink/redis/redis-sink.int.test.ts",
  "src/view/cache-rows.ts": "test/view/cache-view.test.ts",
  "src/view/cache-view-mistakes.ts": "test/view/cache-view.test.ts",
  "src/view/member-key.ts": "test/sink/contract/collections.ts",
  "src/view/redis-key-fault.ts": "test/view/cache-view.test.ts",
  "src/sink/dynamodb/conditional-write.ts": "test/sink/dynamodb/dynamodb-sink.int.test.ts",
  "src/sink/dynamodb/stored-item.ts": "test/sink/dynamodb/dynamodb-sink.int.test.ts",
  "src/sink/aggregate/commit-run.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/effects.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/group-figures.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/settle-groups.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/transaction.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/workings.ts": "test/sink/aggregate/aggregate-faults.int.test.ts",
  "src/sink/aggregate/expression.ts": "test/sink/aggregate/store-contract.ts",
  "src/sink/aggregate/batch-read.ts": "test/sink/aggregate/store-contract.ts",
  "src/view/aggregate/measure.ts": "test/view/aggregate/aggregate-view.test.ts",
  "src/view/aggregate/compile-contribution.ts": "test/view/aggregate/aggregate-view.test.ts",
  "src/view/aggregate/recompute-groups.ts": "test/sink/aggregate/aggregate-sink.test.ts",
  "src/state/state-table.ts": "test/state/quarantine-contract.ts",
  "src/state/progress-item.ts": "test/state/progress-contract.ts",
  "src/state/quarantine-items.ts": "test/state/quarantine-contract.ts",
  "src/state/quarantine-reads.ts": "test/state/quarantine-contract.ts",
  "src/dynamodb/direct-call.ts": "test/sink/dynamodb/dynamodb-sink.int.test.ts",
  "src/state/quarantine-parking.ts": "test/state/quarantine-contract.ts",
  "src/state/quarantine-writes.ts": "test/state/quarantine-contract.ts",
  "src/redrive/": "test/redrive/redrive.test.ts",
  "src/compose-redrive.ts": "test/redrive/poison.int.test.ts",
  "src/failures/": "test/failures/round-trip.int.test.ts",
  "src/compose-failures.ts": "test/failures/round-trip.int.test.ts",
  "src/cli/commands/quarantine.ts": "test/cli/redrive.int.test.ts",
  "src/cli/commands/redrive.ts": "test/cli/redrive.int.test.ts",
  "src/local/event-source-mapping/shard-worker.ts":
    "test/local/event-source-mapping/create-event-source-mapping.test.ts",
  "src/local/event-source-mapping/stream-reader.ts":
    "test/local/event-source-mapping/create-event-source-mapping.test.ts",
  "src/local/event-source-mapping/leaf-matcher.ts":
    "test/local/event-source-mapping/filter-pattern.test.ts",
  "src/local/embedded/": "test/local/embedded/servers.int.test.ts",
  "src/probe/": "test/probe/probe.int.test.ts",
  "src/cli/commands/probe.ts": "test/cli/probe.int.test.ts",
  "src/testing/": "test/testing/test-views.test.ts",
  "src/compose-readers.ts": "test/read/table-reader.int.test.ts",
  "src/cli/demo/": "test/cli/kill.int.test.ts",
  "src/cli/commands/demo.ts": "test/cli/kill.int.test.ts",
  "src/cli/commands/synth.ts": "test/cli/synth.int.test.ts",
  "src/lambda/xray.ts": "test/deploy/package.int.test.ts",
  "src/backfill/backfill-parts.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/run-backfill.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/settle-left.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/park-items.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/row-writer.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/work-segment.ts": "test/backfill/backfill-source.test.ts",
  "src/backfill/item-pages.ts": "test/backfill/scope.test.ts",
  "src/backfill/segment-message.ts": "test/backfill/segment-handler.test.ts",
  "src/backfill/enqueue-segments.ts": "test/backfill/segment-handler.test.ts",
  "src/backfill/inspect-tables.ts": "test/backfill/backfill.int.test.ts",
  "src/backfill/dry-run.ts": "test/backfill/backfill.int.test.ts",
  "src/cli/commands/backfill.ts": "test/backfill/backfill.int.test.ts",
  "src/compose-backfill.ts": "test/backfill/backfill.int.test.ts",
  "src/state/backfill-state.ts": "test/state/dynamodb-backfill-state.int.test.ts",
  "src/cli/main.ts": "test/cli/dev.int.test.ts",
  "src/cli/commands/status.ts": "test/cli/operate.int.test.ts",
  "src/cli/commands/plan.ts": "test/cli/operate.int.test.ts",
  "src/compose-plan.ts": "test/plan/make-plan.int.test.ts",
  "src/plan/table-state.ts": "test/plan/make-plan.int.test.ts",
  "src/state/view-records.ts": "test/state/view-records-contract.ts",
  "src/view/view-name.ts": "test/view/definition.test.ts",
  "src/cli/commands/switch.ts": "test/cli/operate.int.test.ts",
  "src/compose-evolve.ts": "test/evolve/evolve.int.test.ts",
  "src/sink/redis/delete-keys.ts": "test/evolve/evolve.int.test.ts",
  "src/compose-status.ts": "test/status/observe.int.test.ts",
  "src/state/quarantine-counts.ts": "test/status/observe.int.test.ts",
  "src/status/read-backfill.ts": "test/status/observe.int.test.ts",
  "src/cli/commands/dev.ts": "test/cli/dev.int.test.ts",
  "src/cli/commands/dev-functions.ts": "test/cli/dev-functions.int.test.ts",
  "src/cli/serverless/run-functions.ts": "test/cli/dev-functions.int.test.ts",
  "src/cli/run-pipeline.ts": "test/cli/dev.int.test.ts",
  "src/cli/services.ts": "test/cli/dev.int.test.ts",
  "src/cli/load-project.ts": "test/cli/dev.int.test.ts",
  "src/cli/until-stopped.ts": "test/cli/dev.int.test.ts",
  "src/verify/": "test/verify/verify.int.test.ts",
  "src/compose-verify.ts": "test/verify/verify.int.test.ts",
  "src/sink/dynamodb/held-rows.ts": "test/verify/verify.int.test.ts",
  "src/sink/redis/held-entries.ts": "test/verify/verify.int.test.ts",
  "src/cli/commands/verify.ts": "test/cli/verify.int.test.ts",
};

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** What a document or folder that may not be there yet holds; empty where it is not. */
function readIfThere(path: string): string {
  return existsSync(join(ROOT, path)) ? read(path) : "";
}

/** Paths of the files under a folder whose names end so; none where there is no folder. */
function filesIn(folder: string, ...ends: readonly string[]): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => ends.some((end) => path.endsWith(end)))
    .map((path) => join(folder, path))
    .sort();
}

describe("SPEC.md", () => {
  const spec = readIfThere("SPEC.md");
  const ids = [...spec.matchAll(/^\| *([AGN]\d+) *\|/gm)].map(([, id]) => id!);
  const tests = filesIn("test", ".ts").map(read).join("\n");
  /** Ids that begin a test's title: "G1: …" or "G1, N2: …". */
  const named = new Set(
    [...tests.matchAll(/["'`]((?:[AGN]\d+(?:, )?)+): /g)].flatMap(([, list]) => list!.split(", ")),
  );

  test("gives each id once", () => {
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect(spec === "" || ids.length > 0).toBe(true);
  });

  test("has every id enforced by a test whose title begins with it", () => {
    expect(ids.filter((id) => !named.has(id))).toEqual([]);
  });

  test("has every id that a test's title begins with", () => {
    if (spec !== "") expect([...named].filter((id) => !ids.includes(id))).toEqual([]);
  });
});

describe("the repository", () => {
  test("tests every module with logic at the module's own path", () => {
    const untested = filesIn("src", ".ts")
      .filter((path) => !path.endsWith(".generated.ts") && !isExcused(path))
      .filter((path) => hasLogic(path))
      .filter((path) => {
        const mirror = join("test", path.slice("src/".length, -".ts".length));
        return !["test.ts", "int.test.ts"].some((end) =>
          existsSync(join(ROOT, `${mirror}.${end}`)),
        );
      });
    expect(untested).toEqual([]);
  });

  test("excuses only modules that exist, by tests that exist", () => {
    const named = Object.entries(TESTED_ELSEWHERE).flat();
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  test("deploys every handler, and no other", async () => {
    const deployment = readIfThere("serverless.yml");
    if (deployment === "") return;
    expect(deployment).toContain("functions: ${file(./infra.cjs):functions}");
    const { serverlessParts } = await import("../src/deploy/serverless.js");
    const pipeline = await import("../pipeline.js");
    const settings = { service: "flights", stage: "test", redisUrl: "redis://cache:6379" };
    const { functions } = serverlessParts({ ...pipeline }, settings);
    expect(
      Object.values(functions)
        .map(({ handler }) => handler)
        .sort(),
    ).toEqual(filesIn("handlers", ".ts").map((path) => path.replace(/ts$/, "handler")));
  });

  test("has no file of code over 300 lines", () => {
    const code = ["src", "handlers", "test", "scripts", "bench"].flatMap((folder) =>
      filesIn(folder, ".ts", ".mjs", ".js", ".lua"),
    );
    const long = code.filter(
      (path) => !path.endsWith(".generated.ts") && read(path).split("\n").length > 301,
    );
    expect(code.length).toBeGreaterThan(0);
    expect(long).toEqual([]);
  });
});

function isExcused(path: string): boolean {
  return Object.keys(TESTED_ELSEWHERE).some(
    (excused) => path === excused || (excused.endsWith("/") && path.startsWith(excused)),
  );
}

/** Whether a module does anything: declares a function, a method or a class. */
function hasLogic(path: string): boolean {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const isLogic = (node: ts.Node): boolean =>
    (ts.isFunctionLike(node) && "body" in node && node.body !== undefined) ||
    ts.isClassDeclaration(node) ||
    (ts.forEachChild(node, isLogic) ?? false);
  return isLogic(file);
}
