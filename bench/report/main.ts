import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { format, resolveConfig } from "prettier";

import { draw, plotsOf } from "./plots.js";
import { type BenchResult, reportOf } from "./report.js";

/** Makes docs/performance.md and its pictures of docs/performance.json. */
const FIGURES = "docs/performance.json";
const REPORT = "docs/performance.md";
const PICTURES = "docs/performance";

const result = JSON.parse(readFileSync(FIGURES, "utf8")) as BenchResult;
const plots = plotsOf(result.results ?? []);
mkdirSync(PICTURES, { recursive: true });
for (const plot of plots) writeFileSync(`${PICTURES}/${plot.name}.svg`, `${await draw(plot)}\n`);
const notes = readFileSync("bench/report/notes.md", "utf8");
const options = { ...(await resolveConfig(REPORT)), filepath: REPORT };
writeFileSync(REPORT, await format(reportOf(result, plots, notes), options));
console.log(`${REPORT} and ${plots.length} pictures were made of ${FIGURES}`);
