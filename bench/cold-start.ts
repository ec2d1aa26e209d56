import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

import * as pipeline from "../pipeline.js";
import { formatTable } from "../src/cli/format-table.js";
import { openServices } from "../src/cli/services.js";
import { dynamoDbClient } from "../src/compose.js";
import { unreachable } from "../src/errors.js";
import { ensureTables } from "../src/local/ensure-tables.js";
import { collectDeclarations } from "../src/view/declarations.js";
import { departedFlight } from "../test/deploy/departed-flight.js";
import { startPackaged } from "../test/deploy/packaged-function.js";
import { queueEvent } from "../test/deploy/packaged-queues.js";
import { readZip } from "../test/deploy/zip.js";
import { streamRecord } from "../test/support/records.js";

/** What a function costs before it does anything. */
export interface ColdStartFigure {
  readonly function: string;
  /** The bundle without its source map, compressed. */
  readonly bundleKb: number;
  readonly zipKb: number;
  /** What the import of the bundle takes: a median of the runs, as the others are. */
  readonly importMs: number;
  /** The import and the first call of the handler, to its response. */
  readonly firstResponseMs: number;
  /** From the start of the process to that response: with the start of Node.js and of the runtime's client. */
  readonly processMs: number;
}

/** What the timed handler answers with. */
interface Timed {
  readonly importMs: number;
  readonly callMs: number;
}

const RUNS = 11;

const NAMES = ["tables", "cache", "failures", "backfill"] as const;

/**
 * Packages the functions as they are deployed and starts each afresh, again and again: with one change to write, with S3's
 * own trial of the queue, and with a segment of a backfill that nobody began, for which it looks.
 */
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
      MILLRACE_BACKFILL_QUEUE: "http://127.0.0.1/123456789012/backfill",
      POWERTOOLS_LOG_LEVEL: "SILENT",
      NODE_OPTIONS: "--enable-source-maps",
    };
    const figures: ColdStartFigure[] = [];
    for (const name of NAMES) figures.push(await measure(name, folder, environment));
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

/** The first event that a function is given. */
function eventOf(name: (typeof NAMES)[number], i: number) {
  switch (name) {
    case "tables":
    case "cache":
      return {
        Records: [
          streamRecord({ new: departedFlight(`C${i}`), table: "flights", keys: ["flightId"] }),
        ],
      };
    case "failures":
      return queueEvent(JSON.stringify({ Service: "Amazon S3", Event: "s3:TestEvent" }));
    case "backfill":
      return queueEvent(JSON.stringify({ source: "flights", run: "none", segment: 0, of: 1 }));
    default:
      return unreachable(name);
  }
}

/** Stands before a function's bundle: imports it, calls it, and answers with the time each took. */
function timed(bundle: string): string {
  return `
const beganMs = performance.now();
const { handler: given } = await import("./${bundle}");
const importMs = performance.now() - beganMs;
export async function handler(event, context) {
  const calledMs = performance.now();
  await given(event, context);
  return { importMs, callMs: performance.now() - calledMs };
}
`;
}

async function measure(
  name: (typeof NAMES)[number],
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<ColdStartFigure> {
  const zip = readFileSync(join(folder, `${name}.zip`));
  const bundle = readZip(zip).get(`handlers/${name}.mjs`) ?? Buffer.alloc(0);
  const runs: (Timed & { readonly processMs: number })[] = [];
  for (let i = 0; i < RUNS; i++) {
    const unpacked = join(folder, `${name}-${i}`);
    mkdirSync(unpacked);
    writeFileSync(join(unpacked, "timed.mjs"), timed(`handlers/${name}.mjs`));
    const startedAtMs = performance.now();
    const running = await startPackaged({
      zip,
      handler: "timed.handler",
      folder: unpacked,
      environment,
    });
    const times = (await running.invoke(eventOf(name, i))) as unknown as Timed;
    runs.push({ ...times, processMs: performance.now() - startedAtMs });
    running.stop();
  }
  return {
    function: name,
    bundleKb: Math.round(gzipSync(bundle).length / 1000),
    zipKb: Math.round(zip.length / 1000),
    importMs: median(runs.map(({ importMs }) => importMs)),
    firstResponseMs: median(runs.map(({ importMs, callMs }) => importMs + callMs)),
    processMs: median(runs.map(({ processMs }) => processMs)),
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
    figure.processMs,
  ]);
  const columns = ["function", "bundle kB (gzip)", "zip kB", "import ms", "to first response ms"];
  const table = formatTable([...columns, "from start of Node.js ms"], rows);
  console.error(`cold start, medians of ${RUNS}\n${table}`);
}
