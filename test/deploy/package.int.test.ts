import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { CreateTableCommand, type CreateTableCommandInput } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import type { Item } from "../../src/change/attribute-value.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";
import { streamRecord } from "../support/records.js";
import { type PackagedFunction, startPackaged } from "./packaged-function.js";
import { readZip } from "./zip.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "millrace-package-"));
const packaged = join(folder, "packaged");
const stage = `test${process.pid}`;
const prefix = `millrace-flights-${stage}-`;

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface LambdaFunction {
  readonly FunctionName: string;
  readonly Handler: string;
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
  const parameters = ["--stage", stage, "--param", `redisUrl=${endpoint("MILLRACE_TEST_REDIS")}`];
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

  test("has each mapping report single failures, bisect, and hand over what it gives up", () => {
    for (const [, { Properties }] of ofType("AWS::Lambda::EventSourceMapping")) {
      expect(Properties).toMatchObject({
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        BisectBatchOnFunctionError: true,
        StartingPosition: "TRIM_HORIZON",
        DestinationConfig: {
          OnFailure: { Destination: { "Fn::GetAtt": ["FailuresQueue", "Arn"] } },
        },
      });
    }
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
  const redis = testRedis();
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
      const { TableName, KeySchema, AttributeDefinitions, BillingMode } =
        Properties as unknown as CreateTableCommandInput;
      const input = { TableName, KeySchema, AttributeDefinitions, BillingMode };
      await client.send(new CreateTableCommand(input));
    }
    for (const name of ["tables", "cache"]) functions[name] = await start(name);
  }, 60_000);

  afterAll(() => {
    for (const running of Object.values(functions)) running.stop();
    client.destroy();
    redis.disconnect();
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
