import { ratiosOf } from "../throughput/bars.js";
import type { ThroughputFigure } from "../throughput/measure.js";
import type { Plot } from "./plots.js";

/** What `npm run bench -- --json` prints, as far as the report knows it. */
export interface BenchResult {
  readonly machine: {
    readonly measuredOn: string;
    readonly node: string;
    readonly cores: number;
    readonly processor: string;
    readonly quick: boolean;
  };
  readonly results?: readonly ThroughputFigure[];
  readonly [section: string]: unknown;
}

/** Sections whose figures are shown as they are, with what they tell. */
const SECTIONS: Readonly<Record<string, string>> = {
  latency: "From the answer to a write until its row can be read, while `millrace dev` runs",
  mapping: "From the answer to a write until the handler is called with it, on a laptop",
  cost: "Write units a change of a count and a sum, from the calls made",
  hot: "One group, eight writers, conflicts imitated",
  cache: "The cache",
  backfill: "Backfill beside a bare parallel scan and conditional write of the same rows",
  coldStart: "A function's bundle, its import, and its first call",
};

/** The report: what was measured, on what, and what it was meant to be. */
export function reportOf(result: BenchResult, plots: readonly Plot[], notes: string): string {
  const { machine, results = [] } = result;
  const sections = Object.entries(SECTIONS).flatMap(([name, title]) => {
    const tables = tablesOf(result[name]);
    return tables.length > 0 ? [`## ${title}`, ...tables] : [];
  });
  return [
    "# Performance",
    "Made by `npm run bench:report` from [performance.json](performance.json), which is what `npm run bench -- --json` printed; " +
      "nothing here is written by hand but the notes.",
    `Measured on ${machine.measuredOn} with Node.js ${machine.node} on ${machine.cores} cores (${machine.processor})` +
      `${machine.quick ? ", in a hurry (`--quick`)" : ""}, everything on that one machine. All of one workload was measured in turns, in one run; ` +
      "`spread` is the largest minus the smallest figure of the rounds, as a share of the median: the machine's noise.",
    "## What it is meant to hold",
    table(
      ratiosOf(results).map(({ what, measured, bar, isMet }) => ({
        "ratio in this run": what,
        measured: measured.toFixed(2),
        bar,
        "": isMet ? "met" : "**missed**",
      })),
    ),
    notes.trim(),
    ...plots.flatMap(({ name, caption }) => [`![${caption}](performance/${name}.svg)`, caption]),
    "## All figures",
    table(results.map((figure) => ({ ...figure }))),
    ...sections,
  ].join("\n\n");
}

/** Figures as tables: a list is one, and an object of lists several. */
function tablesOf(figures: unknown): string[] {
  if (Array.isArray(figures)) return figures.length > 0 ? [table(figures as Row[])] : [];
  if (typeof figures !== "object" || figures === null) return [];
  const plain = Object.entries(figures).filter(([, value]) => typeof value !== "object");
  return [
    ...(plain.length > 0 ? [table([Object.fromEntries(plain)])] : []),
    ...Object.values(figures).flatMap((value) =>
      typeof value === "object" ? tablesOf(value) : [],
    ),
  ];
}

type Row = Readonly<Record<string, unknown>>;

function table(rows: readonly Row[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    line(names.map(spaced)),
    line(names.map(() => "---")),
    ...rows.map((row) => line(names.map((name) => cell(row[name])))),
  ].join("\n");
}

/** `cpuMicrosPerChange` as people read it. */
function spaced(name: string): string {
  return name.replace(
    /([a-z])([A-Z])/g,
    (_, end: string, start: string) => `${end} ${start.toLowerCase()}`,
  );
}

function cell(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(Math.round(value * 1_000) / 1_000);
  return typeof value === "string" ? value : JSON.stringify(value);
}
