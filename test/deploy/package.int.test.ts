import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import * as pipeline from "../../pipeline.js";
import type { Item } from "../../src/change/attribute-value.js";
import { compareAll } from "../../src/cli/demo/compare-all.js";
import { isTrue } from "../../src/cli/demo/compare-views.js";
import { readAirports, readFlights } from "../../src/cli/demo/flight-data.js";
import { writeDemo } from "../../src/cli/demo/write-flights.js";
import { synthesize } from "../../src/deploy/synthesize.js";
import { allTables } from "../../src/deploy/tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { type Package, packageRepository } from "./package-repository.js";
import { type PackagedFunction, startPackaged } from "./packaged-function.js";
import { createTables, followStreams, startFunction } from "./packaged-pipeline.js";
import { startXrayDaemon, type XrayDaemon } from "./xray-daemon.js";
import { readZip } from "./zip.js";

const ROOT = resolve(import.meta.dirname, "../..");
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

/** Looks again until something is so; the test's own time ends the wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((looked) => setTimeout(looked, 10));
}

describe("packaging the repository", () => {
  test("asks the network for nothing, and complains of nothing", () => {
    expect(packaged.askedNetwork).toBe(false);
    expect(packaged.output).toContain("Service packaged");
    expect(packaged.output).not.toMatch(/warning|deprecat|error/i);
  });

  test("makes both functions, a mapping for each stream they follow, and every table", () => {
    expect(packaged.ofType("AWS::Lambda::Function").map(([name]) => name)).toEqual([
      "TablesLambdaFunction",
      "CacheLambdaFunction",
    ]);
    const mappings = packaged
      .ofType("AWS::Lambda::EventSourceMapping")
      .map(([, { Properties }]) => [
        ...(Properties["FunctionName"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"].slice(0, 1),
        ...(Properties["EventSourceArn"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"],
      ]);
    expect(mappings.sort()).toEqual([
      ["CacheLambdaFunction", "AirportsTable", "StreamArn"],
      ["CacheLambdaFunction", "FlightsTable", "StreamArn"],
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
      const { Runtime, Architectures, LoggingConfig, TracingConfig, MemorySize, Timeout } =
        Resources[name]!.Properties;
      const same = { Runtime, Architectures, LoggingConfig, TracingConfig, MemorySize, Timeout };
      expect(Properties).toMatchObject(same);
    }
    const logs = packaged
      .ofType("AWS::Logs::LogGroup")
      .map(([name, { Properties }]) => [name, Properties]);
    expect(logs).toEqual(logs.map(([name]) => [name, Resources[name as string]?.Properties]));
    expect(logs).toHaveLength(2);
  });

  test("keeps what refers to resources as it was written", () => {
    expect(JSON.stringify(packaged.resources["Dashboard"])).toContain("${TablesFlightsMapping}");
    expect(JSON.stringify(packaged.resources["TablesFunctionRole"])).toContain(
      "${FailuresBucket.Arn}",
    );
  });

  test("makes a template that AWS's own validator finds no error in", () => {
    const script = `
      import { RegoEngine, TemplateFile } from "@aws/cloudformation-validate";
      const engine = new RegoEngine();
      const { diagnostics } = engine.validateStandard(new TemplateFile(process.argv[1]));
      console.log(JSON.stringify(diagnostics));
    `;
    const { stdout, stderr } = spawnSync(
      process.execPath,
      [...["--input-type=module", "--eval", script], packaged.template],
      { cwd: ROOT, encoding: "utf8", env: { PATH: process.env["PATH"] } },
    );
    expect(stderr).toBe("");
    const diagnostics = JSON.parse(stdout) as { severity: string; message: string }[];
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ severity }) => !["INFO", "WARN"].includes(severity))).toEqual([]);
  });

  test.each(["tables", "cache"])("puts the handler alone into the zip of %s", (name) => {
    const files = readZip(packaged.zipOf(name));
    expect([...files.keys()].sort()).toEqual([`handlers/${name}.mjs`, `handlers/${name}.mjs.map`]);
    const { sources } = JSON.parse(String(files.get(`handlers/${name}.mjs.map`))) as {
      sources: string[];
    };
    expect(sources.some((path) => path.endsWith("pipeline.ts"))).toBe(true);
    expect(sources.filter((path) => /\/src\/(local|cli|deploy)\/|\/test\//.test(path))).toEqual([]);
    // Only the function that writes the cache pays for its client at every cold start.
    expect(sources.some((path) => path.includes("/ioredis/"))).toBe(name === "cache");
  });
});

describe("the packaged handlers", () => {
  const client = testDynamoDb();
  const documents = DynamoDBDocumentClient.from(client);
  const redis = new Redis(redisUrl);
  let daemon: XrayDaemon;
  const functions: Record<string, PackagedFunction> = {};
  const flightId = `flight-${stage}`;
  const departed = {
    flightId,
    origin: "SEA",
    destination: "SFO",
    scheduledAt: "2001-01-01T08:00",
    status: "DEPARTED",
    delay: 20,
    distance: 679,
  };
  const landed = { ...departed, status: "LANDED" };

  beforeAll(async () => {
    await createTables(packaged, client);
    daemon = await startXrayDaemon();
    for (const name of ["tables", "cache"])
      functions[name] = await startFunction(packaged, name, folder, daemon.address);
  }, 60_000);

  afterAll(() => {
    for (const running of Object.values(functions)) running.stop();
    client.destroy();
    redis.disconnect();
    daemon.close();
  });

  /** Sends one record of the flights' stream to both functions. */
  async function deliver(images: { old?: Item; new?: Item }): Promise<void> {
    // An entry of the cache lives for a day after the change.
    const at = Math.floor(Date.now() / 1000);
    const of = { table: `${prefix}flights`, keys: ["flightId"], at };
    const record = streamRecord({ ...images, ...of });
    for (const running of Object.values(functions))
      expect(await running.invoke({ Records: [record] })).toEqual({ batchItemFailures: [] });
  }

  async function rowsOf(table: string): Promise<Record<string, unknown>[]> {
    const { Items = [] } = await documents.send(new ScanCommand({ TableName: prefix + table }));
    return Items;
  }

  test("write a flight to its views' tables and to the cache, and take it out again", async () => {
    await deliver({ new: departed });
    expect(await rowsOf("flights-by-destination")).toMatchObject([departed]);
    expect(await rowsOf("delayed-flights")).toMatchObject([{ origin: "SEA", flightId, delay: 20 }]);
    const touched = await rowsOf("airports-touched");
    expect(touched.map(({ airport }) => airport).sort()).toEqual(["SEA", "SFO"]);
    expect(await redis.hgetall(`flight:${flightId}`)).toMatchObject({
      destination: "SFO",
      status: "DEPARTED",
      delay: "20",
    });

    await deliver({ old: departed, new: landed });
    expect(await rowsOf("flights-by-destination")).toMatchObject([landed]);
    expect(await rowsOf("delayed-flights")).toEqual([]);
    expect(await redis.hgetall(`flight:${flightId}`)).toEqual({});

    await deliver({ old: landed });
    expect(await rowsOf("flights-by-destination")).toEqual([]);
    expect(await rowsOf("airports-touched")).toEqual([]);
  });

  test("count what they did for CloudWatch", async () => {
    await deliver({ new: departed });
    for (const [name, view] of [
      ["tables", "flights-by-destination"],
      ["cache", "hot-flights"],
    ] as const) {
      const lines = functions[name]!.output()
        .split("\n")
        .filter((line) => line.startsWith("{"));
      const metrics = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(metrics).toContainEqual(expect.objectContaining({ view, applied: 1 }));
    }
  });

  test("show X-Ray what each sink did for a batch", async () => {
    const trace = "1-5759e988-bd862e3fe1be46a994272793";
    const record = streamRecord({ new: departed, table: `${prefix}flights`, keys: ["flightId"] });
    for (const [name, sinks] of [
      ["tables", ["table-view", "aggregate-view"]],
      ["cache", ["cache-view"]],
    ] as const) {
      const before = daemon.received.length;
      const header = `Root=${trace};Parent=53995c3f42cd8ad8;Sampled=1`;
      await functions[name]!.invoke({ Records: [record] }, header);

      await until(() => daemon.received.length >= before + sinks.length);
      const annotations = expect.objectContaining({ failed: 0 }) as unknown;
      const common = { trace_id: trace, parent_id: "53995c3f42cd8ad8", annotations };
      for (const sink of sinks)
        expect(daemon.received.slice(before)).toContainEqual(
          expect.objectContaining({ name: sink, ...common }),
        );
    }
    await deliver({ old: departed });
  });

  test("G40: make all views right from the records of real streams", async () => {
    const mappings = await followStreams(packaged, functions, client);
    const [recorded, airports] = [readFlights("2k"), readAirports()];
    await writeDemo({
      client,
      flightsTable: `${prefix}flights`,
      airportsTable: `${prefix}airports`,
      flights: recorded.slice(0, 150),
      airports: airports.slice(0, 50),
      seed: 1,
      onWritten: () => undefined,
    });
    const writtenAtMs = Date.now();
    await until(() => mappings.every((mapping) => (mapping.caughtUpAtMs() ?? 0) > writtenAtMs));
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    const comparisons = await compareAll(collectDeclarations(pipeline), {
      tablePrefix: prefix,
      stateTable: `${prefix}millrace-state`,
      dynamodbEndpoint: endpoint("MILLRACE_TEST_DYNAMODB"),
      redisUrl,
    });
    expect(comparisons.filter((comparison) => !isTrue(comparison))).toEqual([]);
    // What is told to subscribers is not kept as rows, and so few flights need not disrupt an airport.
    const mayBeEmpty = ["landings", "disrupted-airports"];
    const empty = comparisons.filter(({ rows }) => rows === 0).map(({ view }) => view);
    expect(empty.filter((view) => !mayBeEmpty.includes(view))).toEqual([]);
  });

  test("refuse to start without the cache's address, saying what to set", async () => {
    const handler = "handlers/cache.handler";
    const bare = startPackaged({
      zip: packaged.zipOf("cache"),
      handler,
      folder: join(folder, "bare"),
      environment: {},
    });
    await expect(bare).rejects.toThrow(/REDIS_URL is not set/);
  });
});
