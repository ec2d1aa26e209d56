import { formatTable } from "../../src/cli/format-table.js";
import type { SectionOptions } from "../main.js";
import { printRatios } from "./bars.js";
import { type Comparison, measure, type ThroughputFigure } from "./measure.js";
import { type Servers, startRealServers, startStubs } from "./servers.js";
import type { SubjectName } from "./subject.js";

const ALL: readonly SubjectName[] = [
  "millrace",
  "powertools-parallel",
  "powertools-sequential",
  "limit",
];
const OURS_AND_THEIRS: readonly SubjectName[] = ["millrace", "powertools-parallel", "limit"];

const BATCH_SIZE = 500;
const GROWTH_BATCH_SIZES = [100, 1_000, 10_000];
const GROWTH_ROWS = [1_000, 10_000, 50_000];

/**
 * Measures Millrace beside what a good engineer writes today and beside the bare limit, in turns, against stubs that
 * answer at once and against DynamoDB Local and Redis.
 */
export async function throughput({ quick }: SectionOptions): Promise<readonly ThroughputFigure[]> {
  process.env["AWS_REGION"] ??= "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] ??= "local";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "local";
  const figures = [
    ...(await withServers(startStubs, quick ? quickOnStubs() : onStubs())),
    ...(await withServers(startRealServers, quick ? quickOnReal() : onReal())),
  ];
  printRatios(figures);
  return figures;
}

/** `uniform` at a usual size; others by what they differ in. */
function compare(workload: string, changes: Partial<Comparison> = {}): Comparison {
  return { workload, subjects: ALL, changes: 10_000, batchSize: BATCH_SIZE, rounds: 3, ...changes };
}

function onStubs(): Comparison[] {
  const few = { subjects: OURS_AND_THEIRS, changes: 5_000 };
  return [
    compare("uniform"),
    compare("zipf"),
    compare("mixed"),
    compare("untouched"),
    compare("views-1", few),
    compare("views-5", few),
    compare("views-20", few),
    compare("size-2kb", few),
    compare("size-20kb", { ...few, changes: 2_000 }),
    compare("groups-10", few),
    compare("groups-5000", few),
    compare("flights-200k", few),
    ...GROWTH_BATCH_SIZES.map((batchSize) =>
      compare("uniform", { subjects: ["millrace"], batchSize, changes: 20_000 }),
    ),
    compare("uniform", { subjects: ["millrace"], changes: 1_000_000, rounds: 1 }),
  ];
}

function onReal(): Comparison[] {
  const some = { changes: 6_000 };
  return [
    compare("uniform", some),
    compare("zipf", some),
    compare("mixed", some),
    compare("flights-200k", some),
    ...GROWTH_ROWS.map((rows) => compare("uniform", { ...some, subjects: ["millrace"], rows })),
  ];
}

function quickOnStubs(): Comparison[] {
  const little = { changes: 2_000, rounds: 2, subjects: OURS_AND_THEIRS };
  return [compare("uniform", little), compare("zipf", little), compare("untouched", little)];
}

function quickOnReal(): Comparison[] {
  const little = { changes: 1_000, rounds: 2, subjects: OURS_AND_THEIRS };
  return [compare("uniform", little), compare("zipf", little)];
}

async function withServers(
  start: () => Promise<Servers>,
  comparisons: readonly Comparison[],
): Promise<ThroughputFigure[]> {
  const servers = await start();
  const figures: ThroughputFigure[] = [];
  try {
    for (const comparison of comparisons) {
      const measured = await measure(servers, comparison);
      figures.push(...measured);
      print(measured);
    }
  } finally {
    await servers.stop();
  }
  return figures;
}

const HEADER = [
  "workload",
  "sinks",
  "subject",
  "batch",
  "rows before",
  "changes/s",
  "CPU µs/change",
  "spread",
  "WCU/change",
  "requests/change",
  "Redis commands/change",
  "peak MB",
];

function print(figures: readonly ThroughputFigure[]): void {
  const rows = figures.map((figure) => [
    figure.workload,
    figure.sinks,
    figure.subject,
    figure.batchSize,
    figure.rows,
    figure.changesPerSecond,
    figure.cpuMicrosPerChange,
    figure.spread,
    figure.writeUnitsPerChange ?? "-",
    figure.requestsPerChange ?? "-",
    figure.redisCommandsPerChange ?? "-",
    figure.peakRssMb,
  ]);
  console.error(`\n${formatTable(HEADER, rows)}`);
}
