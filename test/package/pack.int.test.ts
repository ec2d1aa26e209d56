import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { endpoint, testDynamoDb } from "../support/endpoints.js";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "millrace-pack-"));
const app = join(folder, "app");
const installed = join(app, "node_modules", "millrace");

/** As a user's shell has it: without what npm and jest say to their own children. */
const environment: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(NODE_OPTIONS|JEST_|npm_(package|lifecycle)_|npm_config_(local_)?prefix$)/.test(name),
  ),
);

/** Standard output of a command that ends well. */
function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environment,
    encoding: "utf8",
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stdout + stderr}`);
}

const TSC = join(ROOT, "node_modules", "typescript", "bin", "tsc");

const PIPELINE = `
import { source, tableView } from "millrace";

export interface Order { orderId: string; customerId: string; total: number }
export const orders = source<Order>({ table: "orders", key: ["orderId"] });
export const ordersByCustomer = tableView({
  name: "orders-by-customer",
  source: orders,
  key: ["customerId", "orderId"],
  row: ({ orderId, customerId, total }) => ({ orderId, customerId, total }),
});
`;

const USE = `
import { collectDeclarations, isMillraceError, type StreamHandler, tableView } from "millrace";
import { createEventSourceMapping, createMemoryCheckpoints } from "millrace/local";
import { testViews } from "millrace/testing";
import * as pipeline from "./pipeline.js";

// @ts-expect-error the item has no such attribute to be a key
const wrong = () => tableView({ name: "wrong", source: pipeline.orders, key: ["customer"] });

// @ts-expect-error what a handler takes is not just anything
export const refused: Parameters<StreamHandler>[0] = "no event";

const views = testViews(pipeline);
await views.put(pipeline.orders, { orderId: "o", customerId: "c", total: 6 });
await views.verify();

const [view] = pipeline.ordersByCustomer.rowsOf({ orderId: "o", customerId: "c", total: 5 });
console.log(JSON.stringify({
  views: collectDeclarations(pipeline).views.map(({ name }) => name),
  row: view?.value,
  isError: isMillraceError(new Error()),
  wrong: typeof wrong,
  rows: await views.rows(pipeline.ordersByCustomer),
  local: [typeof createEventSourceMapping, typeof createMemoryCheckpoints],
}));
`;

const TSCONFIG = {
  compilerOptions: {
    module: "nodenext",
    target: "es2022",
    // What the AWS SDK and Powertools ask of whoever checks the libraries' types too.
    lib: ["esnext"],
    types: ["node"],
    strict: true,
    skipLibCheck: false,
    outDir: "out",
  },
  files: ["use.ts"],
};

beforeAll(() => {
  mkdirSync(app);
  run(ROOT, "npm", "pack", "--pack-destination", folder, "--loglevel=error");
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"))!;
  writeFileSync(join(app, "package.json"), '{ "name": "app", "private": true, "type": "module" }');
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, "pipeline.ts"), PIPELINE);
  writeFileSync(join(app, "use.ts"), USE);
  const options = ["--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
  run(app, "npm", "install", ...options, "--loglevel=error", join("..", tarball));
}, 180_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the package, installed in an empty project", () => {
  test("holds the build and what is read about it, but no sources and no tests", () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const beside = files.filter((file) => !file.startsWith("dist/src/"));
    expect(beside.filter((file) => !/^(package\.json|LICENSE|[A-Z]+\.md)$/.test(file))).toEqual([]);
    const built = files.filter((file) => file.startsWith("dist/"));
    expect(built.filter((file) => !/\.(js|d\.ts)$/.test(file))).toEqual([]);
    const ours = files.filter(
      (file) => file !== "SPEC.md" && !file.startsWith("dist/src/testing/"),
    );
    expect(ours.filter((file) => /(^|[./-])(tests?|spec|bench)([./-]|$)/i.test(file))).toEqual([]);
    expect(built.length).toBeGreaterThan(0);
    const sourceMaps = built.filter((file) =>
      readFileSync(join(installed, file), "utf8").includes("sourceMappingURL"),
    );
    expect(sourceMaps).toEqual([]);
  });

  test("has every file that its package.json names", () => {
    const { exports, bin } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      exports: Record<string, string | Record<string, string>>;
      bin: Record<string, string>;
    };
    const named = [exports, bin].flatMap((entry) =>
      Object.values(entry).flatMap((path) =>
        typeof path === "string" ? path : Object.values(path),
      ),
    );
    expect(named.filter((path) => !existsSync(join(installed, path)))).toEqual([]);
  });

  test("compiles in strict TypeScript with the libraries' types checked, and runs", () => {
    // A project has Node's types of its own; everything else has to come with the package.
    const types = join(app, "node_modules", "@types");
    mkdirSync(types, { recursive: true });
    if (!existsSync(join(types, "node")))
      symlinkSync(join(ROOT, "node_modules", "@types", "node"), join(types, "node"));
    run(app, process.execPath, TSC, "-p", ".");
    expect(JSON.parse(run(app, process.execPath, join("out", "use.js")))).toEqual({
      views: ["orders-by-customer"],
      row: { orderId: "o", customerId: "c", total: 5 },
      isError: false,
      wrong: "function",
      rows: [{ orderId: "o", customerId: "c", total: 6 }],
      local: ["function", "function"],
    });
  });

  test("has a command that explains itself", () => {
    const help = run(app, join("node_modules", ".bin", "millrace"), "--help");
    expect(help).toContain("Usage: millrace");
    expect(help).toMatch(/^ {2}dev /m);
  });

  test("gives serverless.yml what follows from a project's declarations, and prints it as a template", () => {
    const infra = `
      require("tsx/cjs");
      const { serverlessParts } = require("millrace/deploy");
      const { functions } = serverlessParts(require("./pipeline.ts"), { service: "app", stage: "dev" });
      console.log(Object.keys(functions).join());
    `;
    writeFileSync(join(app, "infra.cjs"), infra);
    expect(run(app, process.execPath, "infra.cjs").trim()).toBe("tables,failures,backfill");
    const synth = [join("node_modules", ".bin", "millrace"), "synth", "--service", "app"];
    expect(run(app, ...(synth as [string]))).toContain("TableName: app-dev-orders-by-customer");
  });

  test("keeps a project's view true by its command", async () => {
    const ready = join(folder, "ready");
    const prefix = `pack-${process.pid}-`;
    const child = spawn(
      process.execPath,
      [
        join(installed, "dist/src/cli/main.js"),
        ...["dev", "--no-watch", "--ready-file", ready, "--data", join(folder, "data")],
      ],
      {
        cwd: app,
        env: {
          ...environment,
          AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
          REDIS_URL: endpoint("MILLRACE_TEST_REDIS"),
          MILLRACE_TABLE_PREFIX: prefix,
        },
      },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const client = testDynamoDb();
    const documents = DynamoDBDocumentClient.from(client);
    try {
      await until(() => existsSync(ready) || child.exitCode !== null);
      expect(child.exitCode === null ? "running" : output).toBe("running");
      const order = { orderId: "o-1", customerId: "c-1", total: 5 };
      await documents.send(new PutCommand({ TableName: `${prefix}orders`, Item: order }));
      const Key = { customerId: "c-1", orderId: "o-1" };
      const get = new GetCommand({ TableName: `${prefix}orders-by-customer`, Key });
      let row: Record<string, unknown> | undefined;
      await until(async () => (row = (await documents.send(get)).Item) !== undefined);
      expect(row).toMatchObject(order);
    } finally {
      child.kill("SIGTERM");
      client.destroy();
    }
    expect(await ended).toBe(0);
    expect(existsSync(ready)).toBe(false);
  });
});

/** Asks until the answer is yes; the test's own time limit ends it otherwise. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}
