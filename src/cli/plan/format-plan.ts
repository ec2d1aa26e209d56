import pc from "picocolors";

import type { PlannedChange } from "../../plan/changes.js";
import type { FunctionCost, SourceCost, ViewCost } from "../../plan/cost.js";
import type { Rates } from "../../plan/cost.js";
import type { Plan } from "../../plan/make-plan.js";
import { formatTable } from "../format-table.js";
import { wrapText } from "../wrap-text.js";

type Colors = ReturnType<typeof pc.createColors>;

/**
 * Lays a plan out for a person: what would change and how to do it, then what a million changes cost.
 *
 * @param columns of the terminal; without end where there is none.
 */
export function formatPlan(
  { changes, costs, prices, assumptions }: Plan,
  { colors = pc, columns = Infinity }: { colors?: Colors; columns?: number } = {},
): string {
  const { writes, reads, requests, gbSecond } = prices;
  const dollarsFor = `dollars: ${writes} a million write units, ${reads} read units, ${requests} invocations; ${gbSecond} a GB s`;
  const assumed = [...assumptions, dollarsFor].map(
    (assumption) => `  ${wrapText(assumption, columns - 2, 2)}`,
  );
  return [
    changes.length === 0
      ? colors.green("nothing to do: all there is is as declared")
      : changes.map((change, i) => changeLines(change, changes[i + 1], colors, columns)).join("\n"),
    colors.bold("Cost of a million changes"),
    ...costs.map((cost) => costBlock(cost, colors)),
    colors.dim(["Assumed", ...assumed].join("\n")),
  ].join("\n\n");
}

const KIND_WIDTH = 10;

/** A remedy that several changes share is told after the last of them. */
function changeLines(
  { kind, message, remedy }: PlannedChange,
  next: PlannedChange | undefined,
  colors: Colors,
  columns: number,
): string {
  const wrapped = (text: string) => wrapText(text, columns - KIND_WIDTH, KIND_WIDTH);
  const told = `${colors.yellow(kind.padEnd(KIND_WIDTH))}${wrapped(message)}`;
  if (next?.remedy === remedy) return told;
  return `${told}\n${" ".repeat(KIND_WIDTH)}${colors.dim(wrapped(remedy))}`;
}

const HEADER = ["view", "write units", "read units", "requests", "redis", "dollars"];

function costBlock({ source, rates, views, functions, ...cost }: SourceCost, colors: Colors) {
  const [header = "", ...lines] = formatTable(HEADER, views.map(viewCells)).split("\n");
  const together = `  together $${dollars(cost.dollars)}, and $${dollars(cost.dollarsPerMonth)} a month at this rate`;
  return [
    `${colors.bold(source)}  ${rateText(rates)}`,
    `  ${colors.dim(header)}`,
    ...lines.map((line) => `  ${line}`),
    ...functionLines(functions, colors),
    together,
  ].join("\n");
}

function rateText({ basis, changesPerSecond, changesPerBatch, itemBytes }: Rates): string {
  const rate = `${figure(changesPerSecond)} changes/s, ${figure(changesPerBatch)} a batch`;
  return `${basis}: ${rate}, items of ${itemBytes} bytes`;
}

function viewCells({
  view,
  writeUnits,
  readUnits,
  requests,
  redisCommands,
  dollars: cost,
}: ViewCost) {
  const counts = [writeUnits, readUnits, requests, redisCommands];
  return [view, ...counts.map(whole), dollars(cost)];
}

const FUNCTION_HEADER = ["function", "invocations", "GB s", "bookkeeping units", "dollars"];

function functionLines(functions: readonly FunctionCost[], colors: Colors): string[] {
  const rows = functions.map((cost) => {
    const { writes, reads } = cost.bookkeepingUnits;
    const counts = [cost.invocations, cost.gbSeconds, writes + reads];
    return [cost.function, ...counts.map(whole), dollars(cost.dollars)];
  });
  const [header = "", ...lines] = formatTable(FUNCTION_HEADER, rows).split("\n");
  return [`  ${colors.dim(header)}`, ...lines.map((line) => `  ${line}`)];
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}

/** Three digits of it, or all before the point. */
function figure(number: number): string {
  return number >= 100 ? whole(number) : String(Number(number.toPrecision(3)));
}

function dollars(amount: number): string {
  return amount.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
