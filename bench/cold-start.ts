import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import * as pipeline from "../pipeline.js";
import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import { dynamoDbClient } from "../src/compose.js";
import { ensureTables } from "../src/local/ensure-tables.js";
import { collectDeclarations } from "../src/view/declarations.js";
import { startPackaged } from "../test/deploy/packaged-function.js";
import { readZip } from "../test/deploy/zip.js";
import { streamRecord } from "../test/support/records.js";

/** What a function costs before it does anything. */
export interface ColdStartFigure {
  readonly function: string;
  /** The bundle without its source map, compressed. */
  readonly bundleKb: number;
  readonly zipKb: number;
  /** From the start of Node.js to the first event asked for: medians of the runs. */
  readonly importMs: number;
  /** From the start of Node.js to the answer to the first event. */
  readonly firstResponseMs: number;
}

const RUNS = 11;

/** Packages the functions as they are deployed and starts each afresh, again and again, with one change to write. */
export async function coldStart(): Promise<readonly ColdStartFigure[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-bench-"));
  const services = await openServices({ needsRedis: true });
  const client = dynamoDbClient(services.config);
  try {
    packageInto(folder);
    await ensureTables({
      client,
      declarations: collectDeclarations(pipeline),
      physicalName: (table) => table,
      stateTable: "millrace-state",
    });
    const environment = {
      AWS_ENDPOINT_URL_DYNAMODB: services.config.dynamodbEndpoint ?? "",
      REDIS_URL: services.config.redisUrl ?? "",
      NODE_OPTIONS: "--enable-source-maps",
    };
    const figures: ColdStartFigure[] = [];
    for (const name of ["tables", "cache"]) figures.push(await measure(name, folder, environment));
    print(figures);
    return figures;
  } finally {
    client.destroy();
    await services.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function packageInto(folder: string): void {
  const serverless = resolve("node_modules", "serverless", "bin", "serverless.js");
  const { status, stderr } = spawnSync(
    process.execPath,
    [serverless, "package", "--package", folder],
    { encoding: "utf8" },
  );
  if (status !== 0) throw new Error(stderr);
}

async function measure(
  name: string,
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<ColdStartFigure> {
  const zip = readFileSync(join(folder, `${name}.zip`));
  const bundle = readZip(zip).get(`handlers/${name}.mjs`) ?? Buffer.alloc(0);
  const imports: number[] = [];
  const responses: number[] = [];
  for (let i = 0; i < RUNS; i++) {
    const startedAtMs = performance.now();
    const running = await startPackaged({
      zip,
      handler: `handlers/${name}.handler`,
      folder: join(folder, `${name}-${i}`),
      environment,
    });
    const record = streamRecord({ new: flight(i), table: "flights", keys: ["flightId"] });
    await running.invoke({ Records: [record] });
    responses.push(performance.now() - startedAtMs);
    imports.push(running.startedInMs);
    running.stop();
  }
  return {
    function: name,
    bundleKb: Math.round(gzipSync(bundle).length / 1000),
    zipKb: Math.round(zip.length / 1000),
    importMs: median(imports),
    firstResponseMs: median(responses),
  };
}

function flight(i: number) {
  const origin = "JFK";
  const scheduledAt = "2001-01-01T12:00";
  return {
    flightId: `C${i}`,
    origin,
    destination: "SFO",
    scheduledAt,
    status: "DEPARTED",
    delay: 30,
    distance: 2586,
  };
}

function median(figures: readonly number[]): number {
  return Math.round([...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0);
}

function print(figures: readonly ColdStartFigure[]): void {
  const rows = figures.map((figure) => [
    figure.function,
    figure.bundleKb,
    figure.zipKb,
    figure.importMs,
    figure.firstResponseMs,
  ]);
  const columns = ["function", "bundle kB (gzip)", "zip kB", "import ms", "first response ms"];
  console.error(`cold start, from the start of Node.js\n${formatTable(columns, rows)}`);
}
