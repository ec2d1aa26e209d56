import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import pc from "picocolors";

import {
  type BackfillControl,
  backfillSource,
  type SourceReport,
  sumOf,
} from "../../backfill/backfill-source.js";
import { chooseViews, type ChosenViews } from "../../backfill/choose-views.js";
import { type BackfillEstimate, estimateBackfill } from "../../backfill/dry-run.js";
import { backfillByQueue } from "../../backfill/enqueue-segments.js";
import type { OpenedRun } from "../../backfill/run-backfill.js";
import { readScope, type Scope, type ScopeOptions } from "../../backfill/scope.js";
import { composeBackfill, type ComposedBackfill, createSqsQueue } from "../../compose-backfill.js";
import { readConfig } from "../../config.js";
import { configurationError } from "../../errors.js";
import { collectDeclarations } from "../../view/declarations.js";
import { formatTable } from "../format-table.js";
import { loadPipeline } from "../load-project.js";
import { createProgress } from "../progress.js";
import { nameLocalAccount } from "../services.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace backfill` takes. */
export interface BackfillOptions {
  readonly pipeline: string;
  readonly segments: number;
  readonly readUnits?: number;
  readonly writeUnits?: number;
  /** A predicate as data, in JSON. */
  readonly where?: string;
  /** Keys of items, each a JSON array. */
  readonly key?: readonly string[];
  /** A folder or `s3://bucket/prefix` with an export of the source, which is read in place of the source. */
  readonly fromExport?: string;
  readonly dryRun?: boolean;
  readonly restart?: boolean;
  /** Address of a queue whose function works on the segments. */
  readonly queue?: string;
  /** The streams are followed by something else than functions of this account. */
  readonly handlersElsewhere?: boolean;
  readonly json?: boolean;
}

/** US dollars a million of on-demand units, us-east-1. Source: https://aws.amazon.com/dynamodb/pricing/on-demand/ */
const PRICE = { read: 0.125, write: 0.625 } as const;

/**
 * Brings views up to date with what their sources hold, while the stream keeps flowing.
 *
 * @returns the exit code: 0 if all is done, 1 if items had to be parked, records may be lost, or it was stopped.
 */
export async function backfill(
  names: readonly string[],
  options: BackfillOptions,
): Promise<number> {
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  const { exports } = await loadPipeline(process.cwd(), options.pipeline);
  const chosen = chooseViews(collectDeclarations(exports), names);
  checkExportOptions(options, chosen);
  const composed = composeBackfill(
    config,
    isWrittenHere(options) ? chosen.flatMap(({ allViews }) => allViews) : [],
    {
      ...(options.readUnits !== undefined && { readUnitsPerSecond: options.readUnits }),
      ...(options.writeUnits !== undefined && { writeUnitsPerSecond: options.writeUnits }),
    },
  );
  let isStopping = false;
  void untilStopped().then(() => {
    isStopping = true;
    // Over the bar, which is drawn again below.
    const clear = process.stderr.isTTY ? "\r\x1b[K" : "";
    console.error(`${clear}stopping after the pages in work`);
  });
  const print = options.json ? console.error : console.log;
  const session = { options, composed, isStopping: () => isStopping };
  try {
    if (config.dynamodbEndpoint !== undefined)
      print(pc.dim(`The pipeline must be running: millrace dev on ${config.dynamodbEndpoint}.`));
    else if (!options.dryRun && !options.handlersElsewhere)
      await tellHandlers(composed, chosen, print);
    const results: (SourceReport | BackfillEstimate)[] = [];
    let code = 0;
    for (const each of chosen) {
      if (isStopping) break;
      const exported = await openExport(composed, options.fromExport, each);
      const scope = readScope(each.source, { ...options, ...exported });
      if (options.dryRun) results.push(await estimateSource(session, each, scope, print));
      else {
        const report = await runSource(session, each, scope, print);
        results.push(report);
        if (!isFine(report)) code = 1;
      }
    }
    if (isStopping) code = 1;
    if (options.json) console.log(JSON.stringify({ ok: code === 0, sources: results }));
    return code;
  } finally {
    await composed.close();
  }
}

/** Whether this process writes the views: a queue's function does where whole segments are given to one. */
function isWrittenHere({ queue, key, dryRun }: BackfillOptions): boolean {
  return !dryRun && (queue === undefined || key !== undefined);
}

interface Session {
  readonly options: BackfillOptions;
  readonly composed: ComposedBackfill;
  readonly isStopping: () => boolean;
}

type Print = (line: string) => void;

async function runSource(
  { options, composed, isStopping }: Session,
  { source, views, allViews }: ChosenViews,
  scope: Scope,
  print: Print,
): Promise<SourceReport> {
  const { items, parts } = composed;
  const segments = Math.min(options.segments, scope.mostSegments);
  const startedAtMs = Date.now();
  const progress = createProgress(process.stderr);
  let update: (scanned: number) => void = () => undefined;
  let finish: () => void = () => undefined;
  let scanned = 0;
  const wanted = {
    ...{ source, views, allViews, segments },
    pages: scope.pages(items),
    scope: scope.text,
    restart: options.restart ?? false,
    worker: `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`,
    runId: `${new Date().toISOString()}-${randomUUID().slice(0, 8)}`,
    inspect: () => composed.inspect(source, views),
    ...(options.where !== undefined && { where: options.where }),
  };
  const control: BackfillControl = {
    isStopping,
    onOpened: (opened) => {
      const { run, states } = opened;
      print(openedText(source.table, opened));
      const left = Math.max(1, (scope.itemsAbout ?? run.itemsAbout) - sumOf(states, []).scanned);
      const bar = progress.add(source.table, left);
      update = (done) => bar.update(Math.min(done, left - 1));
      finish = () => bar.update(left);
    },
    onPage: (page) => update((scanned += page.scanned)),
  };
  const running =
    options.queue === undefined || scope.isPartial
      ? backfillSource(parts, wanted, control)
      : backfillByQueue(parts, wanted, createSqsQueue(options.queue), control);
  const report = await running.finally(() => progress.stop());
  if (report.finished) finish();
  // Functions of a queue note it as well, for who waits no longer; who has waited finds it noted.
  if (report.finished && !scope.isPartial && options.where === undefined)
    await composed.noteDone(views, Math.min(report.startedAtMs, scope.asOfMs ?? Infinity));
  progress.stop();
  print(reportText(report, (Date.now() - startedAtMs) / 1000, scanned));
  return report;
}

async function estimateSource(
  { options, composed, isStopping }: Session,
  { source, views }: ChosenViews,
  scope: Scope,
  print: Print,
): Promise<BackfillEstimate> {
  const { itemsAbout } = await composed.inspect(source, views);
  const progress = createProgress(process.stderr);
  const total = Math.max(1, scope.itemsAbout ?? itemsAbout);
  const bar = progress.add(source.table, total);
  let scanned = 0;
  const onPage = (page: { scanned: number }) =>
    bar.update(Math.min(total, (scanned += page.scanned)));
  const segments = Math.min(options.segments, scope.mostSegments);
  const pages = scope.pages(composed.items);
  const wanted = { source, views, pages, segments };
  const estimate = await estimateBackfill(composed.parts, wanted, { isStopping, onPage }).finally(
    () => progress.stop(),
  );
  print(estimateText(estimate));
  return estimate;
}

function checkExportOptions(
  { fromExport, queue }: BackfillOptions,
  chosen: readonly ChosenViews[],
): void {
  if (fromExport === undefined) return;
  const mistakes: string[] = [];
  const sources = chosen.map(({ source }) => source.table);
  if (sources.length > 1)
    mistakes.push(
      `--from-export is of one table, and the views are of ${sources.join(", ")}; name the views of one of them`,
    );
  if (queue !== undefined)
    mistakes.push(
      "the functions behind --queue scan the source; leave out --queue or --from-export",
    );
  if (mistakes.length > 0) throw configurationError("backfill", mistakes);
}

async function openExport(
  composed: ComposedBackfill,
  location: string | undefined,
  { source, views }: ChosenViews,
): Promise<Pick<ScopeOptions, "exported">> {
  if (location === undefined) return {};
  return { exported: await composed.openExport(location, source, views) };
}

/** Changes made meanwhile come by the stream: somebody has to follow it. The client that asks is loaded here. */
async function tellHandlers(
  composed: ComposedBackfill,
  chosen: readonly ChosenViews[],
  print: Print,
): Promise<void> {
  const { askLambda } = await import("../../backfill/check-handlers.js");
  for (const { source, views } of chosen) {
    const { functions, warnings } = await askLambda(await composed.inspect(source, views));
    if (functions.length > 0)
      print(pc.dim(`The stream of ${source.table} is followed by ${functions.join(", ")}.`));
    for (const warning of warnings) print(pc.yellow(warning));
  }
}

/** Whether there is nothing left for anybody to do. */
function isFine({ finished, views }: SourceReport): boolean {
  return finished && views.every(({ parked }) => parked === 0);
}

function openedText(table: string, { run, begun, states }: OpenedRun): string {
  const what = `${table}: ${run.views.join(", ")}`;
  if (begun === "anew") return what;
  const startedAt = new Date(run.startedAtMs).toISOString().slice(0, 16).replace("T", " ");
  if (begun === "before")
    return `${what}\ngoing on with the run of ${startedAt}, ${sumOf(states, []).scanned} items in`;
  return `${what}\n${pc.yellow(`begun ${begun}`)}`;
}

function reportText(report: SourceReport, seconds: number, scanned: number): string {
  const header = ["view", "written", "as new already", "not kept", "undone", "in quarantine"];
  const rows = report.views.map(({ view, applied, stale, skipped, undone, parked }) => [
    view,
    applied,
    stale,
    skipped,
    undone,
    parked,
  ]);
  const rate = Math.round(scanned / Math.max(0.001, seconds));
  const summary = `${report.scanned} items, ${scanned} of them now in ${seconds.toFixed(1)} s (${rate}/s)`;
  return `\n${formatTable(header, rows)}\n\n${summary}: ${verdict(report)}\n`;
}

function verdict(report: SourceReport): string {
  const parked = report.views.reduce((sum, view) => sum + view.parked, 0);
  if (report.streamChanged)
    return pc.red(
      "the stream was created again meanwhile, so that changes may be lost; run the backfill again",
    );
  if (!report.finished) return pc.yellow("stopped; the same command goes on from here");
  if (parked > 0)
    return pc.red(
      `done, but for ${parked} items in quarantine; fix their views, then redrive them`,
    );
  return pc.green("done");
}

function estimateText({ items, scanned, readUnits, views }: BackfillEstimate): string {
  const header = ["view", "rows", "write units", "poison"];
  const rows = views.map(({ view, rows: count, writeUnits, poison }) => [
    view,
    count,
    writeUnits,
    poison,
  ]);
  const written = views.reduce((sum, each) => sum + each.writeUnits, 0);
  const cost = (readUnits * PRICE.read + written * PRICE.write) / 1e6;
  const errors = views.flatMap(({ view, firstError }) =>
    firstError === undefined ? [] : [pc.yellow(`${view}: ${firstError}`)],
  );
  return [
    "",
    formatTable(header, rows),
    ...errors,
    "",
    `${items} of ${scanned} items; ${Math.ceil(readUnits)} read units and ${written} write units, about $${cost.toFixed(2)} on demand in us-east-1`,
    "nothing was written",
    "",
  ].join("\n");
}
