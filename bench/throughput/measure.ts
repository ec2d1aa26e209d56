import { fork } from "node:child_process";

import { type Asked, nextMessage, type Servers, TYPESCRIPT } from "./servers.js";
import type { SubjectName } from "./subject.js";
import type { SubjectRun, SubjectTask } from "./subject-process.js";
import { workloadNamed } from "./workload.js";

/** One line of the benchmark's result; a figure that nobody counted is absent. */
export interface ThroughputFigure {
  readonly workload: string;
  readonly sinks: Servers["kind"];
  readonly subject: SubjectName;
  readonly changes: number;
  readonly batchSize: number;
  readonly rounds: number;
  /** Rows of other items in the view's table. */
  readonly rows: number;
  readonly changesPerSecond: number;
  readonly cpuMicrosPerChange: number;
  /** Largest minus smallest CPU figure of the rounds, as a share of the median: the machine's noise. */
  readonly spread: number;
  readonly writeUnitsPerChange?: number;
  readonly requestsPerChange?: number;
  readonly redisCommandsPerChange?: number;
  readonly redisBytesPerChange?: number;
  readonly peakRssMb: number;
}

/** What to measure: subjects side by side under one workload. */
export interface Comparison {
  readonly workload: string;
  readonly subjects: readonly SubjectName[];
  readonly changes: number;
  readonly batchSize: number;
  readonly rounds: number;
  /** Rows of other items that are in the view's table before; none where it is not given. */
  readonly rows?: number;
  /** 2 where it is not given. */
  readonly warmUpSeconds?: number;
}

/** Measures subjects in turns, one process a turn, so that what the machine does meanwhile meets all of them. */
export async function measure(
  servers: Servers,
  comparison: Comparison,
): Promise<ThroughputFigure[]> {
  const {
    workload,
    subjects,
    changes,
    batchSize,
    rounds,
    rows = 0,
    warmUpSeconds = 2,
  } = comparison;
  const runs = new Map<SubjectName, { run: SubjectRun; asked: Asked | undefined }[]>();
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      await servers.prepare(workloadNamed(workload), rows);
      const { endpoints } = servers;
      const task = { subject, workload, changes, batchSize, warmUpSeconds, endpoints };
      runs.set(subject, [...(runs.get(subject) ?? []), await runOnce(servers, task)]);
    }
  }
  return subjects.map((subject) =>
    figureOf(servers.kind, comparison, subject, runs.get(subject) ?? []),
  );
}

async function runOnce(
  servers: Servers,
  task: SubjectTask,
): Promise<{ run: SubjectRun; asked: Asked | undefined }> {
  const child = fork(new URL("./subject-process.ts", import.meta.url), [JSON.stringify(task)], {
    // What a handler logs would go to CloudWatch.
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    execArgv: TYPESCRIPT,
    env: {
      ...process.env,
      AWS_ENDPOINT_URL_DYNAMODB: task.endpoints.dynamodb,
      REDIS_URL: task.endpoints.redis,
    },
  });
  await nextMessage(child);
  await servers.asked();
  const answer = nextMessage(child);
  child.send("go");
  const run = (await answer) as SubjectRun;
  return { run, asked: await servers.asked() };
}

function figureOf(
  sinks: Servers["kind"],
  { workload, changes, batchSize, rounds, rows = 0 }: Comparison,
  subject: SubjectName,
  runs: readonly { run: SubjectRun; asked: Asked | undefined }[],
): ThroughputFigure {
  const cpu = runs.map(({ run }) => (run.cpuSeconds * 1e6) / run.changes);
  const { run: first, asked } = runs[0] ?? {};
  const perChange = (count: number) => round(count / (first?.changes ?? 1), 3);
  return {
    workload,
    sinks,
    subject,
    changes,
    batchSize,
    rounds,
    rows,
    changesPerSecond: Math.round(median(runs.map(({ run }) => run.changes / run.seconds))),
    cpuMicrosPerChange: round(median(cpu), 1),
    spread: round((Math.max(...cpu) - Math.min(...cpu)) / median(cpu), 2),
    ...(asked && {
      writeUnitsPerChange: perChange(asked.writeUnits),
      requestsPerChange: perChange(asked.requests),
      redisCommandsPerChange: perChange(asked.commands),
      redisBytesPerChange: perChange(asked.bytes),
    }),
    peakRssMb: Math.max(...runs.map(({ run }) => run.peakRssMb)),
  };
}

/** The middle value; of an even number of values the upper of the two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
