import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";
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
import {
  createEventSourceMapping,
  type EventSourceMapping,
} from "../../src/local/event-source-mapping/create-event-source-mapping.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { type PackagedFunction, startPackaged } from "./packaged-function.js";
import { startXrayDaemon, type XrayDaemon } from "./xray-daemon.js";
import { readZip } from "./zip.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
const packaged = join(folder, "packaged");
const stage = `test${process.pid}`;
const prefix = `millrace-flights-${stage}-`;
// A database of its own: the views are compared whole.
const redisUrl = `${endpoint("MILLRACE_TEST_REDIS")}/7`;

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface LambdaFunction {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Runtime: string;
  readonly Environment: { readonly Variables: Readonly<Record<string, string | { Ref: string }>> };
}

/** Notes every address that a process of the packager's asks for. */
const WITNESS = `
import { appendFileSync } from "node:fs";
import net from "node:net";
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  if (!options?.path) appendFileSync(process.env.WITNESS_FILE, JSON.stringify(options) + "\\n");
  return connect.apply(this, args);
};
`;

let output: string;
let resources: Readonly<Record<string, Resource>>;

/** Packages the repository as somebody without an account and without a network would. */
beforeAll(() => {
  const witness = join(folder, "witness.mjs");
  writeFileSync(witness, WITNESS);
  const parameters = ["--stage", stage, "--param", `redisUrl=${redisUrl}`];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      join(ROOT, "node_modules", "serverless", "bin", "serverless.js"),
      ...["package", "--package", packaged, ...parameters],
    ],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        NODE_OPTIONS: `--import ${pathToFileURL(witness).href}`,
        WITNESS_FILE: join(folder, "asked"),
      },
    },
  );
  output = stdout + stderr;
  expect(status === 0 ? "packaged" : output).toBe("packaged");
  const template = join(packaged, "cloudformation-template-update-stack.json");
  ({ Resources: resources } = JSON.parse(readFileSync(template, "utf8")) as {
    Resources: typeof resources;
  });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function ofType(type: string): [string, Resource][] {
  return Object.entries(resources).filter(([, { Type }]) => Type === type);
}

/** Looks again until something is so; the test's own time ends the wait. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((looked) => setTimeout(looked, 10));
}

function zipOf(name: string): Buffer {
  return readFileSync(join(packaged, `${name}.zip`));
}

describe("packaging the repository", () => {
  test("asks the network for nothing, and complains of nothing", () => {
    expect(existsSync(join(folder, "asked"))).toBe(false);
    expect(output).toContain("Service packaged");
    expect(output).not.toMatch(/warning|deprecat|error/i);
  });

  test("makes both functions, a mapping for each stream they follow, and every table", () => {
    expect(ofType("AWS::Lambda::Function").map(([name]) => name)).toEqual([
      "TablesLambdaFunction",
      "CacheLambdaFunction",
    ]);
    const mappings = ofType("AWS::Lambda::EventSourceMapping").map(([, { Properties }]) => [
      ...(Properties["FunctionName"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"].slice(0, 1),
      ...(Properties["EventSourceArn"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"],
    ]);
    expect(mappings.sort()).toEqual([
      ["CacheLambdaFunction", "AirportsTable", "StreamArn"],
      ["CacheLambdaFunction", "FlightsTable", "StreamArn"],
      ["TablesLambdaFunction", "AirportsTable", "StreamArn"],
      ["TablesLambdaFunction", "FlightsTable", "StreamArn"],
    ]);
    const { sources, views } = collectDeclarations(pipeline);
    const tables = [...sources, ...views.filter(({ kind }) => kind === "table-view")].map(
      (declared) => prefix + (declared as { table: string }).table,
    );
    const made = ofType("AWS::DynamoDB::Table").map(
      ([, { Properties }]) => Properties["TableName"],
    );
    expect(made.sort()).toEqual([...tables, `${prefix}millrace-state`].sort());
  });

  test("has the framework make what the plain template says: runtime, processor, logs, traces", () => {
    const { Resources } = synthesize({ ...pipeline }, { service: "millrace-flights", stage });
    for (const [name, { Properties }] of ofType("AWS::Lambda::Function")) {
      const { Runtime, Architectures, LoggingConfig, TracingConfig, MemorySize, Timeout } =
        Resources[name]!.Properties;
      const same = { Runtime, Architectures, LoggingConfig, TracingConfig, MemorySize, Timeout };
      expect(Properties).toMatchObject(same);
    }
    const logs = ofType("AWS::Logs::LogGroup").map(([name, { Properties }]) => [name, Properties]);
    expect(logs).toEqual(logs.map(([name]) => [name, Resources[name as string]?.Properties]));
    expect(logs).toHaveLength(2);
  });

  test("keeps what refers to resources as it was written", () => {
    expect(JSON.stringify(resources["Dashboard"])).toContain("${TablesFlightsMapping}");
    expect(JSON.stringify(resources["TablesFunctionRole"])).toContain("${FailuresBucket.Arn}");
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
      [
        ...["--input-type=module", "--eval", script],
        join(packaged, "cloudformation-template-update-stack.json"),
      ],
      { cwd: ROOT, encoding: "utf8", env: { PATH: process.env["PATH"] } },
    );
    expect(stderr).toBe("");
    const diagnostics = JSON.parse(stdout) as { severity: string; message: string }[];
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.filter(({ severity }) => !["INFO", "WARN"].includes(severity))).toEqual([]);
  });

  test.each(["tables", "cache"])("puts the handler alone into the zip of %s", (name) => {
    const files = readZip(zipOf(name));
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
    for (const [, { Properties }] of ofType("AWS::DynamoDB::Table")) {
      const { TableName, KeySchema, AttributeDefinitions, BillingMode, StreamSpecification } =
        Properties as unknown as CreateTableCommandInput;
      const input = { TableName, KeySchema, AttributeDefinitions, BillingMode };
      const StreamViewType = StreamSpecification?.StreamViewType;
      await client.send(
        new CreateTableCommand({
          ...input,
          ...(StreamViewType && { StreamSpecification: { StreamEnabled: true, StreamViewType } }),
        }),
      );
    }
    daemon = await startXrayDaemon();
    for (const name of ["tables", "cache"]) functions[name] = await start(name);
  }, 60_000);

  afterAll(() => {
    for (const running of Object.values(functions)) running.stop();
    client.destroy();
    redis.disconnect();
    daemon.close();
  });

  /** Starts a function with the environment that the template gives it, and the test's servers for AWS. */
  function start(name: string): Promise<PackagedFunction> {
    const found = ofType("AWS::Lambda::Function").map(
      ([, { Properties }]) => Properties as unknown as LambdaFunction,
    );
    const { Handler, Environment } = found.find(({ FunctionName }) => FunctionName.endsWith(name))!;
    const variables = Object.entries(Environment.Variables).map(([variable, value]) => [
      variable,
      typeof value === "string" ? value : (resources[value.Ref]!.Properties["TableName"] as string),
    ]);
    return startPackaged({
      zip: zipOf(name),
      handler: Handler,
      folder: join(folder, name),
      environment: {
        ...(Object.fromEntries(variables) as Record<string, string>),
        AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
        AWS_XRAY_DAEMON_ADDRESS: daemon.address,
      },
    });
  }

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
    for (const [name, sink] of [
      ["tables", "table-view"],
      ["cache", "cache-view"],
    ] as const) {
      const before = daemon.received.length;
      const header = `Root=${trace};Parent=53995c3f42cd8ad8;Sampled=1`;
      await functions[name]!.invoke({ Records: [record] }, header);

      await until(() => daemon.received.length > before);
      expect(daemon.received.at(-1)).toMatchObject({
        name: sink,
        trace_id: trace,
        parent_id: "53995c3f42cd8ad8",
        annotations: { failed: 0 },
      });
    }
    await deliver({ old: departed });
  });

  test("G40: make all views right from the records of real streams", async () => {
    const mappings = await followStreams();
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
    for (const { view, rows } of comparisons) expect([view, rows > 0]).toEqual([view, true]);
  });

  /** Maps each function to the streams of the template, with the settings of the template. */
  async function followStreams(): Promise<readonly EventSourceMapping[]> {
    const streams = new DynamoDBStreamsClient({ endpoint: endpoint("MILLRACE_TEST_DYNAMODB") });
    const followed = ofType("AWS::Lambda::EventSourceMapping").map(async ([, { Properties }]) => {
      const { FunctionName, EventSourceArn, FilterCriteria, BatchSize } = Properties as unknown as {
        readonly FunctionName: { readonly "Fn::GetAtt": readonly [string] };
        readonly EventSourceArn: { readonly "Fn::GetAtt": readonly [string] };
        readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] };
        readonly BatchSize: number;
      };
      const name = FunctionName["Fn::GetAtt"][0] === "CacheLambdaFunction" ? "cache" : "tables";
      const { TableName } = resources[EventSourceArn["Fn::GetAtt"][0]]!.Properties;
      const { Table } = await client.send(
        new DescribeTableCommand({ TableName: TableName as string }),
      );
      return createEventSourceMapping({
        streamArn: Table!.LatestStreamArn!,
        streams,
        functionName: name,
        handler: (event) => functions[name]!.invoke(event),
        batchSize: BatchSize,
        reportBatchItemFailures: true,
        timeoutSeconds: 60,
        filterPatterns: FilterCriteria?.Filters.map(({ Pattern }) => Pattern) ?? [],
      });
    });
    return Promise.all(followed);
  }

  test("refuse to start without the cache's address, saying what to set", async () => {
    const handler = "handlers/cache.handler";
    const bare = startPackaged({
      zip: zipOf("cache"),
      handler,
      folder: join(folder, "bare"),
      environment: {},
    });
    await expect(bare).rejects.toThrow(/REDIS_URL is not set/);
  });
});
