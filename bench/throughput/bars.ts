import { formatTable } from "../../src/cli/format-table.js";
import type { ThroughputFigure } from "./measure.js";
import type { SubjectName } from "./subject.js";

type Sinks = ThroughputFigure["sinks"];
type Find = (workload: string, sinks: Sinks, subject: SubjectName) => ThroughputFigure | undefined;

/** A figure that Millrace means to hold, as a ratio of two figures of one run. */
interface Bar {
  readonly what: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly ratio: (find: Find, all: readonly ThroughputFigure[]) => number | undefined;
}

const cpu = (figure: ThroughputFigure | undefined) => figure?.cpuMicrosPerChange;
const rate = (figure: ThroughputFigure | undefined) => figure?.changesPerSecond;

function over(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left / right;
}

function cpuBesidePowertools(workload: string): Bar["ratio"] {
  return (find) =>
    over(
      cpu(find(workload, "stub", "powertools-parallel")),
      cpu(find(workload, "stub", "millrace")),
    );
}

function rateBeside(workload: string, subject: SubjectName): Bar["ratio"] {
  return (find) =>
    over(rate(find(workload, "real", "millrace")), rate(find(workload, "real", subject)));
}

function isBatchGrowth({ workload, sinks, subject, changes }: ThroughputFigure): boolean {
  return workload === "uniform" && sinks === "stub" && subject === "millrace" && changes === 20_000;
}

function growth(figures: readonly ThroughputFigure[]): number | undefined {
  const micros = figures.map(({ cpuMicrosPerChange }) => cpuMicrosPerChange);
  return micros.length > 1 ? Math.max(...micros) / Math.min(...micros) : undefined;
}

/** What Millrace means to hold; printed beside what was measured, met or not. */
const BARS: readonly Bar[] = [
  {
    what: "CPU of Powertools over ours, uniform",
    atLeast: 4,
    ratio: cpuBesidePowertools("uniform"),
  },
  { what: "CPU of Powertools over ours, Zipf", atLeast: 10, ratio: cpuBesidePowertools("zipf") },
  {
    what: "CPU of Powertools over ours, no view touched",
    atLeast: 40,
    ratio: cpuBesidePowertools("untouched"),
  },
  {
    what: "rate over Powertools, uniform, real sinks",
    atLeast: 2,
    ratio: rateBeside("uniform", "powertools-parallel"),
  },
  {
    what: "rate over Powertools, Zipf, real sinks",
    atLeast: 5,
    ratio: rateBeside("zipf", "powertools-parallel"),
  },
  {
    what: "rate over the bare limit, uniform, real sinks",
    atLeast: 0.8,
    ratio: rateBeside("uniform", "limit"),
  },
  {
    what: "CPU with 20 views over that with 1",
    atMost: 1.5,
    ratio: (find) =>
      over(cpu(find("views-20", "stub", "millrace")), cpu(find("views-1", "stub", "millrace"))),
  },
  {
    what: "CPU a change, largest over smallest, batches of 100 to 10,000",
    atMost: 1.1,
    ratio: (_find, all) => growth(all.filter(isBatchGrowth)),
  },
  {
    what: "peak memory, 1,000,000 changes over 10,000",
    atMost: 1.1,
    ratio: (_find, all) => {
      const ours = all.filter(
        ({ workload, sinks, subject, batchSize }) =>
          workload === "uniform" && sinks === "stub" && subject === "millrace" && batchSize === 500,
      );
      return over(
        ours.find(({ changes }) => changes === 1_000_000)?.peakRssMb,
        ours.find(({ changes }) => changes === 10_000)?.peakRssMb,
      );
    },
  },
  {
    what: "write units a change, uniform",
    atMost: 1,
    ratio: (find) => find("uniform", "stub", "millrace")?.writeUnitsPerChange,
  },
];

/** A ratio as it was measured, beside what it is meant to be. */
export interface MeasuredRatio {
  readonly what: string;
  readonly measured: number;
  readonly bar: string;
  readonly isMet: boolean;
}

/** The ratios that a run's figures give. */
export function ratiosOf(figures: readonly ThroughputFigure[]): readonly MeasuredRatio[] {
  const find: Find = (workload, sinks, subject) =>
    figures.find(
      (each) => each.workload === workload && each.sinks === sinks && each.subject === subject,
    );
  return BARS.flatMap(({ what, atLeast, atMost, ratio }) => {
    const measured = ratio(find, figures);
    if (measured === undefined) return [];
    const isMet = measured >= (atLeast ?? 0) && measured <= (atMost ?? Number.POSITIVE_INFINITY);
    const bar = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
    return [{ what, measured, bar, isMet }];
  });
}

/** Prints the ratios of this run beside what they are meant to be. */
export function printRatios(figures: readonly ThroughputFigure[]): void {
  const rows = ratiosOf(figures).map(({ what, measured, bar, isMet }) => [
    what,
    measured.toFixed(2),
    bar,
    isMet ? "met" : "missed",
  ]);
  console.error(`\n${formatTable(["ratio in this run", "measured", "bar", ""], rows)}`);
}
