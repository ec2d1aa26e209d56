import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import { synthesize } from "../../src/deploy/synthesize.js";
import { allTables } from "../../src/deploy/tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint } from "../support/endpoints.js";
import { type Package, packageRepository, validate } from "./package-repository.js";
import { startPackaged } from "./packaged-function.js";
import { describePackagedHandlers } from "./packaged-handlers.js";
import { readZip } from "./zip.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
const stage = `test${process.pid}`;
const prefix = `millrace-flights-${stage}-`;
// A database of its own: the views are compared whole.
const redisUrl = `${endpoint("MILLRACE_TEST_REDIS")}/7`;

let packaged: Package;

beforeAll(() => {
  packaged = packageRepository(folder, stage, redisUrl);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("packaging the repository", () => {
  test("asks the network for nothing, and complains of nothing", () => {
    expect(packaged.askedNetwork).toBe(false);
    expect(packaged.output).toContain("Service packaged");
    expect(packaged.output).not.toMatch(/warning|deprecat|error/i);
  });

  test("makes every function, a mapping for each stream and each queue that calls one, and every table", () => {
    expect(packaged.ofType("AWS::Lambda::Function").map(([name]) => name)).toEqual([
      "TablesLambdaFunction",
      "CacheLambdaFunction",
      "FailuresLambdaFunction",
      "BackfillLambdaFunction",
    ]);
    const mappings = packaged
      .ofType("AWS::Lambda::EventSourceMapping")
      .map(([, { Properties }]) => [
        ...(Properties["FunctionName"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"].slice(0, 1),
        ...(Properties["EventSourceArn"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"],
      ]);
    expect(mappings.sort()).toEqual([
      ["BackfillLambdaFunction", "BackfillQueue", "Arn"],
      ["CacheLambdaFunction", "AirportsTable", "StreamArn"],
      ["CacheLambdaFunction", "FlightsTable", "StreamArn"],
      ["FailuresLambdaFunction", "FailuresQueue", "Arn"],
      ["TablesLambdaFunction", "AirportsTable", "StreamArn"],
      ["TablesLambdaFunction", "FlightsTable", "StreamArn"],
    ]);
    const tables = allTables(collectDeclarations(pipeline)).map(({ table }) => prefix + table);
    const made = packaged
      .ofType("AWS::DynamoDB::Table")
      .map(([, { Properties }]) => Properties["TableName"]);
    expect(made.sort()).toEqual(tables.sort());
  });

  test("has the framework make what the plain template says: runtime, processor, logs, traces", () => {
    const { Resources } = synthesize({ ...pipeline }, { service: "millrace-flights", stage });
    for (const [name, { Properties }] of packaged.ofType("AWS::Lambda::Function")) {
      // Of what the code is and where the cache, the two are not told the same.
      const {
        Code: _code,
        Role: _role,
        Environment: _environment,
        VpcConfig: _made,
        ...same
      } = Resources[name]!.Properties;
      expect(Properties).toMatchObject(same);
    }
    const logs = packaged
      .ofType("AWS::Logs::LogGroup")
      .map(([name, { Properties }]) => [name, Properties]);
    expect(logs).toEqual(logs.map(([name]) => [name, Resources[name as string]?.Properties]));
    expect(logs).toHaveLength(4);
  });

  test("keeps what refers to resources as it was written", () => {
    expect(JSON.stringify(packaged.resources["Dashboard"])).toContain("${TablesFlightsMapping}");
    expect(JSON.stringify(packaged.resources["TablesFunctionRole"])).toContain(
      "${FailuresBucket.Arn}",
    );
  });

  test("makes a template that AWS's own validator finds no error in", () => {
    const diagnostics = validate(packaged.template);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ severity }) => !["INFO", "WARN"].includes(severity))).toEqual([]);
  });

  test.each(["tables", "cache", "failures", "backfill"])(
    "puts the handler alone into the zip of %s, under 700 KB",
    (name) => {
      const files = readZip(packaged.zipOf(name));
      expect([...files.keys()].sort()).toEqual([
        `handlers/${name}.mjs`,
        `handlers/${name}.mjs.map`,
      ]);
      const { sources } = JSON.parse(String(files.get(`handlers/${name}.mjs.map`))) as {
        sources: string[];
      };
      expect(sources.some((path) => path.endsWith("pipeline.ts"))).toBe(true);
      expect(sources.filter((path) => /\/src\/(local|cli|deploy)\/|\/test\//.test(path))).toEqual(
        [],
      );
      // Of packages the map says no more than which file it is.
      const ofPackages = sources.filter((path) => /\/node_modules\/.*(?<!\.json)$/.test(path));
      expect(ofPackages.filter((path) => !path.endsWith("/-"))).toEqual([]);
      // An import of Node's own would load what a cold start has no use for.
      const imports = /\bimport\b[^;"'()]*from\s*["'](?:node:)?(?:https?|crypto|fs|stream)["']/;
      expect(String(files.get(`handlers/${name}.mjs`))).not.toMatch(imports);
      expect(gzipSync(files.get(`handlers/${name}.mjs`)!).length).toBeLessThan(700_000);
      // Only the functions that write the cache pay for its client at every cold start.
      const usesCache = ["cache", "backfill"].includes(name);
      expect(sources.some((path) => path.includes("/ioredis/"))).toBe(usesCache);
    },
  );

  test("makes functions that refuse to start without the cache's address, saying what to set and where that was found", async () => {
    const handler = "handlers/cache.handler";
    const bare = startPackaged({
      zip: packaged.zipOf("cache"),
      handler,
      folder: join(folder, "bare"),
      environment: { NODE_OPTIONS: "--enable-source-maps" },
    });
    await expect(bare).rejects.toThrow(/REDIS_URL is not set[^]*src\/compose-cache\.ts:\d+/);
  });
});

describePackagedHandlers({ packaged: () => packaged, folder, stage, redisUrl });
