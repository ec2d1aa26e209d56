import pc from "picocolors";

import { unreachable } from "../../errors.js";
import type {
  FunctionStatus,
  Problem,
  SourceStatus,
  StatusReport,
  ViewStatus,
} from "../../status/assess.js";
import { formatTable } from "../format-table.js";
import { agoOf, clockOf, durationOf } from "../format-time.js";
import { wrapText } from "../wrap-text.js";

type Colors = ReturnType<typeof pc.createColors>;

/** Lays a status out for a person: a block a source, then what needs one. Times are UTC. */
export function formatStatus(
  report: StatusReport,
  { colors = pc, columns = Infinity }: { colors?: Colors; columns?: number } = {},
): string {
  const { atMs, sources, ok } = report;
  const problems = sources.flatMap((source) => source.problems);
  return [
    `${new Date(atMs).toISOString().slice(0, 19).replace("T", " ")} UTC`,
    ...sources.map((source) => sourceBlock(source, atMs, colors)),
    ok ? colors.green("nothing needs a person") : problemBlock(problems, colors, columns),
  ].join("\n\n");
}

function sourceBlock(source: SourceStatus, atMs: number, colors: Colors): string {
  const { functions, views, stream } = source;
  const width = Math.max(...functions.map(({ function: kind }) => kind.length));
  return [
    `${colors.bold(source.source)}  ${streamText(stream, colors)}`,
    ...functions.map(
      (each) => `  ${each.function.padEnd(width)}  ${functionText(each, atMs, colors)}`,
    ),
    ...viewLines(views, atMs, colors),
    ...views.flatMap((view) => backfillLine(view, atMs)),
  ].join("\n");
}

function streamText(stream: SourceStatus["stream"], colors: Colors): string {
  switch (stream.state) {
    case "on":
      return colors.dim(`stream ${stream.label}`);
    case "off":
      return colors.red("no stream");
    case "wrong-type":
      return colors.red(`stream carries ${stream.viewType}`);
    case "no-table":
      return colors.red("no table");
    default:
      return unreachable(stream);
  }
}

/** Only what there are grounds for (rule V12). */
function functionText(status: FunctionStatus, atMs: number, colors: Colors): string {
  const { state, lagMs = 0, lastBatchAtMs = atMs, waitingSinceMs = atMs } = status;
  switch (state) {
    case "working":
      return `lag ${durationOf(lagMs)}, ${agoOf(lastBatchAtMs, atMs)}`;
    case "idle":
      return `idle since ${clockOf(lastBatchAtMs, atMs)}: the stream has nothing newer`;
    case "behind":
      return colors.yellow(`changes wait since ${clockOf(waitingSinceMs, atMs)}`);
    case "stopped":
      return colors.red(
        `stopped? newer changes are in the stream, since ${clockOf(waitingSinceMs, atMs)}`,
      );
    case "quiet":
      return `no batch since ${clockOf(lastBatchAtMs, atMs)}`;
    case "new":
      return "no batch yet";
    default:
      return unreachable(state);
  }
}

const HEADER = ["view", "applied", "stale", "parked", "fenced", "last applied"];

function viewLines(views: readonly ViewStatus[], atMs: number, colors: Colors): string[] {
  const rows = views.map((view) => [
    view.view,
    ...[view.applied, view.stale, view.quarantined, view.fenced],
    view.lastAppliedAtMs === undefined ? "-" : agoOf(view.lastAppliedAtMs, atMs),
  ]);
  const [header = "", ...lines] = formatTable(HEADER, rows).split("\n");
  return [`  ${colors.dim(header)}`, ...lines.map((line) => `  ${line}`)];
}

function backfillLine({ view, backfill }: ViewStatus, atMs: number): string[] {
  if (backfill === undefined) return [];
  const { state, items, ofItems, startedAtMs, updatedAtMs } = backfill;
  const share = ofItems ? ` of about ${ofItems}` : "";
  if (state === "done")
    return [`  backfill of ${view}: done ${clockOf(updatedAtMs, atMs)}, ${items} items`];
  const told = `${items}${share} items since ${clockOf(startedAtMs, atMs)}`;
  return [`  backfill of ${view}: ${told}, ${agoOf(updatedAtMs, atMs)}`];
}

function problemBlock(problems: readonly Problem[], colors: Colors, columns: number): string {
  const wrapped = (text: string) => wrapText(text, columns - 2, 2);
  return problems
    .map(({ message, remedy }) => `${colors.red(`! ${wrapped(message)}`)}\n  ${wrapped(remedy)}`)
    .join("\n");
}
