import { parse, View } from "vega";
import { compile, type TopLevelSpec } from "vega-lite";

import type { ThroughputFigure } from "../throughput/measure.js";

/** One picture of the report. */
export interface Plot {
  /** Of its file, without `.svg`. */
  readonly name: string;
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

const SUBJECTS = ["millrace", "limit", "powertools-parallel", "powertools-sequential"];
const COLOURS = ["#0f766e", "#94a3b8", "#d97706", "#fcd34d"];
const COLOUR = {
  field: "subject",
  type: "nominal",
  scale: { domain: SUBJECTS, range: COLOURS },
  title: null,
} as const;

/** The pictures that a run's figures give. */
export function plotsOf(figures: readonly ThroughputFigure[]): readonly Plot[] {
  const onStubs = figures.filter(({ sinks, rows }) => sinks === "stub" && rows === 0);
  const usual = onStubs.filter(({ batchSize, changes }) => batchSize === 500 && changes < 1e6);
  const onReal = figures.filter(({ sinks, rows }) => sinks === "real" && rows === 0);
  const views = usual.filter(({ workload }) => workload.startsWith("views-"));
  const ours = onStubs.filter(({ subject }) => subject === "millrace");
  return [
    {
      name: "cpu",
      caption:
        "The client's CPU for each change, against stubs that answer at once: less is better.",
      spec: bars(usual, "cpuMicrosPerChange", "CPU µs a change"),
    },
    {
      name: "rate",
      caption: "Changes a second against DynamoDB Local and redis-server: more is better.",
      spec: bars(onReal, "changesPerSecond", "changes a second"),
    },
    {
      name: "views",
      caption: "CPU for each change as a source has more views, of which each change touches one.",
      spec: line(
        views.map((figure) => ({ ...figure, x: Number(figure.workload.slice(6)) })),
        "views of the source",
      ),
    },
    {
      name: "batches",
      caption: "CPU for each change as batches grow.",
      spec: line(
        ours
          .filter(({ workload, changes }) => workload === "uniform" && changes === 20_000)
          .map((figure) => ({ ...figure, x: figure.batchSize })),
        "changes in a batch",
        true,
      ),
    },
    {
      name: "rows",
      caption:
        "CPU for each change as the view's table has more rows of other items, on DynamoDB Local.",
      spec: line(
        figures
          .filter(({ sinks, rows }) => sinks === "real" && rows > 0)
          .map((figure) => ({ ...figure, x: figure.rows })),
        "rows in the table before",
        true,
      ),
    },
  ];
}

/** A plot as an SVG text. */
export async function draw({ spec }: Plot): Promise<string> {
  return new View(parse(compile(spec).spec), { renderer: "none" }).toSVG();
}

function bars(
  figures: readonly ThroughputFigure[],
  field: "cpuMicrosPerChange" | "changesPerSecond",
  title: string,
): TopLevelSpec {
  const workloads = [...new Set(figures.map(({ workload }) => workload))];
  return {
    data: { values: figures.map((figure) => ({ ...figure })) },
    mark: "bar",
    width: 520,
    height: { step: 9 },
    encoding: {
      y: { field: "workload", type: "nominal", sort: workloads, title: null },
      yOffset: { field: "subject", sort: SUBJECTS },
      x: { field, type: "quantitative", title },
      color: COLOUR,
    },
  };
}

function line(
  figures: readonly (ThroughputFigure & { readonly x: number })[],
  title: string,
  isLogarithmic = false,
): TopLevelSpec {
  return {
    data: { values: figures.map((figure) => ({ ...figure })) },
    mark: { type: "line", point: true },
    width: 520,
    height: 180,
    encoding: {
      x: {
        field: "x",
        type: "quantitative",
        title,
        ...(isLogarithmic && { scale: { type: "log" } }),
      },
      y: { field: "cpuMicrosPerChange", type: "quantitative", title: "CPU µs a change" },
      color: COLOUR,
    },
  };
}
