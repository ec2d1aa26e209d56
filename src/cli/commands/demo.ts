import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import pc from "picocolors";

import { physicalName } from "../../config.js";
import { compareAll } from "../demo/compare-all.js";
import { type Comparison, isTrue } from "../demo/compare-views.js";
import { type FlightSize, readAirports, readFlights } from "../demo/flight-data.js";
import { flightHistory } from "../demo/flight-history.js";
import { startPipelineProcess } from "../demo/pipeline-process.js";
import { writeDemo } from "../demo/write-flights.js";
import { formatTable } from "../format-table.js";
import { loadProject } from "../load-project.js";
import { createProgress } from "../progress.js";
import { openServices, type Services } from "../services.js";

/** What `millrace demo` takes. */
export interface DemoOptions {
  readonly flights: FlightSize;
  readonly seed: number;
  /** Only so many of the flights, and of the airports. */
  readonly limit?: number;
  readonly json?: boolean;
}

/** What `millrace demo --json` prints. */
export interface DemoResult {
  readonly ok: boolean;
  /** Writes to the sources. */
  readonly changes: number;
  readonly seconds: number;
  /** Most memory the pipeline's process held. */
  readonly peakRssMb: number;
  readonly views: readonly Comparison[];
}

/**
 * Deliveries that may be outstanding before the writer waits: DynamoDB Local looks through all of a stream that is still to
 * be read, each time it is read.
 */
const MAX_BACKLOG = 6_000;

/**
 * Writes real flights by plain SDK calls while a pipeline of its own process keeps the views, then compares every view
 * with a recomputation from the sources.
 *
 * @returns whether nothing is missing, extra or different.
 */
export async function demo(options: DemoOptions): Promise<boolean> {
  const print = options.json
    ? (line: string) => console.error(line)
    : (line: string) => console.log(line);
  const services = await openServices({ needsRedis: true });
  try {
    for (const line of services.lines) print(line);
    const result = await runDemo(options, services, print);
    print(resultTable(result));
    if (options.json) console.log(JSON.stringify(result));
    return result.ok;
  } finally {
    await services.stop();
  }
}

async function runDemo(
  options: DemoOptions,
  { config }: Services,
  print: (line: string) => void,
): Promise<DemoResult> {
  const project = await loadProject(process.cwd());
  let onDelivered: (records: number) => void = () => undefined;
  const pipeline = await startPipelineProcess(
    (line) => print(pc.yellow(line)),
    (records) => onDelivered(records),
  );
  const startedAtMs = Date.now();
  const progress = createProgress(process.stderr);
  const client = new DynamoDBClient({
    ...(config.dynamodbEndpoint && { endpoint: config.dynamodbEndpoint }),
  });
  try {
    const flights = readFlights(options.flights).slice(0, options.limit);
    const airports = readAirports().slice(0, options.limit);
    const total = countWrites(flights, options.seed) + airports.length;
    const written = progress.add("written", total);
    // Each change reaches every function once; what is delivered again does not count as further progress.
    const deliveries = total * Object.keys(project.handlers).length;
    const applied = progress.add("in views", deliveries);
    let changes = 0;
    let delivered = 0;
    let onRoom: () => void = () => undefined;
    onDelivered = (records) => {
      delivered = records;
      applied.update(Math.min(records, deliveries));
      if (backlog() < MAX_BACKLOG) onRoom();
    };
    const backlog = () => changes * Object.keys(project.handlers).length - delivered;
    await writeDemo({
      client,
      flights,
      airports,
      seed: options.seed,
      flightsTable: physicalName(config, "flights"),
      airportsTable: physicalName(config, "airports"),
      onWritten: (count) => written.update((changes += count)),
      beforeWave: async () => {
        if (backlog() >= MAX_BACKLOG) await new Promise<void>((resolve) => (onRoom = resolve));
      },
    });
    await pipeline.caughtUp(Date.now());
    const seconds = (Date.now() - startedAtMs) / 1000;
    progress.stop();
    print("comparing every view with a recomputation from its source");
    const views = await compareAll(project.declarations, config);
    return { ok: views.every(isTrue), changes, seconds, peakRssMb: pipeline.peakRssMb(), views };
  } finally {
    progress.stop();
    client.destroy();
    await pipeline.stop();
  }
}

function countWrites(flights: ReturnType<typeof readFlights>, seed: number): number {
  let count = 0;
  for (const wave of flightHistory(flights, seed, 500)) count += wave.length;
  return count;
}

function resultTable({ ok, changes, seconds, peakRssMb, views }: DemoResult): string {
  const header = ["view", "sink", "rows", "missing", "extra", "different"];
  const rows = views.map(({ view, sink, rows: count, missing, extra, different }) => [
    view,
    sink,
    count,
    missing,
    extra,
    different,
  ]);
  const rate = Math.round(changes / seconds);
  const verdict = ok ? pc.green("every view is true") : pc.red("some views are not true");
  const summary = `${changes} changes in ${seconds.toFixed(1)} s (${rate}/s), pipeline's peak memory ${peakRssMb} MB`;
  return `\n${formatTable(header, rows)}\n\n${summary}: ${verdict}`;
}
