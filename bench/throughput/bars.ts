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
  readonly ratio: (find: Find) => number | undefined;
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
    what: "write units a change, uniform",
    atMost: 1,
    ratio: (find) => find("uniform", "stub", "millrace")?.writeUnitsPerChange,
  },
];

/** Prints the ratios of this run beside what they are meant to be. */
export function printRatios(figures: readonly ThroughputFigure[]): void {
  const find: Find = (workload, sinks, subject) =>
    figures.find(
      (each) => each.workload === workload && each.sinks === sinks && each.subject === subject,
    );
  const rows = BARS.flatMap(({ what, atLeast, atMost, ratio }) => {
    const measured = ratio(find);
    if (measured === undefined) return [];
    const isMet = measured >= (atLeast ?? 0) && measured <= (atMost ?? Number.POSITIVE_INFINITY);
    const bar = atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`;
    return [[what, measured.toFixed(2), bar, isMet ? "met" : "missed"]];
  });
  console.error(`\n${formatTable(["ratio in this run", "measured", "bar", ""], rows)}`);
}
