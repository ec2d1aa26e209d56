import { createInterface } from "node:readline/promises";

import pc from "picocolors";

import { composeRedrive } from "../../compose-redrive.js";
import { readConfig } from "../../config.js";
import { configurationError } from "../../errors.js";
import { redrive as redriveItems } from "../../redrive/redrive.js";
import type { RedriveReport, ViewResult } from "../../redrive/result.js";
import { ANY_VIEW, type QuarantineEntry } from "../../state/quarantine.js";
import { collectDeclarations } from "../../view/declarations.js";
import { formatTable } from "../format-table.js";
import { loadPipeline } from "../load-project.js";
import { createProgress } from "../progress.js";
import { clipped, itemsOf } from "../quarantine/format-quarantine.js";
import { requireView, typedItemKey } from "../quarantine/item-key.js";
import { nameLocalAccount } from "../services.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace redrive` takes. */
export interface RedriveCommandOptions {
  readonly pipeline: string;
  readonly key?: string;
  readonly error?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly discard?: boolean;
  readonly yes?: boolean;
  /** Most items a second. */
  readonly rate?: number;
  readonly json?: boolean;
}

/** Reasons printed one by one; of more, only the number is told. */
const MOST_PRINTED = 20;
const DEFAULT_WIDTH = 100;

/**
 * Brings quarantined items up to date and releases them.
 *
 * @returns whether nothing that was meant stays behind.
 */
export async function redrive(
  view: string | undefined,
  options: RedriveCommandOptions,
): Promise<boolean> {
  const { exports } = await loadPipeline(process.cwd(), options.pipeline);
  const declarations = collectDeclarations(exports);
  requireView(declarations, view);
  requireSelection(view, options);
  if (options.discard && !options.dryRun) await confirmDiscard(options);
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  const print = options.json ? console.error : console.log;
  const composed = composeRedrive(config, declarations, view);
  const stop = new AbortController();
  void untilStopped().then(() => {
    stop.abort();
    console.error("stopping after the items in work");
  });
  const progress = createProgress(process.stderr);
  const update = showProgress(progress, options.dryRun ? "looked at" : "redriven");
  const startedAtMs = Date.now();
  try {
    const report = await redriveItems(composed.parts, {
      selection: {
        ...(view !== undefined && { view }),
        ...(options.key !== undefined && {
          itemKey: view === ANY_VIEW ? options.key : typedItemKey(options.key),
        }),
        ...(options.error !== undefined && { code: options.error }),
      },
      dryRun: options.dryRun ?? false,
      ...(options.discard && { onDiscard: printEntry }),
      ...(options.rate !== undefined && { itemsPerSecond: options.rate }),
      signal: stop.signal,
      onProgress: update,
    }).finally(() => progress.stop());
    const seconds = (Date.now() - startedAtMs) / 1000;
    print(reportText(report, seconds));
    if (options.json) console.log(JSON.stringify({ ...report, seconds }));
    return report.ok;
  } finally {
    await composed.close();
  }
}

function requireSelection(view: string | undefined, { key, error, all }: RedriveCommandOptions) {
  if (view !== undefined || key !== undefined || error !== undefined || all) return;
  throw configurationError("redrive", [
    "nothing is selected; name a view, give --key or --error, or say --all",
  ]);
}

/** What is given up is gone for good, so that somebody has to say so. */
async function confirmDiscard({ yes }: RedriveCommandOptions): Promise<void> {
  if (yes) return;
  if (process.stdin.isTTY) {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await terminal.question(
      "Records that can never be redriven are printed and then removed for good. Go on? (yes/no) ",
    );
    terminal.close();
    if (answer.trim() === "yes") return;
  }
  throw configurationError("redrive", [
    "--discard removes records for good and was not confirmed; say --yes",
  ]);
}

/** One line of JSON on standard output: the record is kept in whatever that goes to. */
function printEntry(entry: QuarantineEntry): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${JSON.stringify({ discarded: entry })}\n`, () => resolve());
  });
}

function showProgress(progress: ReturnType<typeof createProgress>, label: string) {
  let bar: { update(done: number): void } | undefined;
  return ({ done, total }: { readonly done: number; readonly total: number }) => {
    bar ??= progress.add(label, total);
    bar.update(done);
  };
}

function reportText(report: RedriveReport, seconds: number): string {
  const { views, stays } = report;
  if (views.length === 0) return `${pc.green("nothing")} to redrive`;
  const width = process.stdout.columns || DEFAULT_WIDTH;
  const reasons = stays
    .slice(0, MOST_PRINTED)
    .map(({ view, itemKey, code, message }) =>
      clipped(`${view}  ${itemKey}  ${code}  ${message}`, width),
    );
  return [
    "",
    resultTable(views, report.dryRun),
    ...(reasons.length > 0 ? ["", ...reasons] : []),
    "",
    verdict(report, seconds),
  ].join("\n");
}

function resultTable(views: readonly ViewResult[], dryRun: boolean): string {
  const columns = [
    ["redriven", (view: ViewResult) => view.redriven, true],
    ["handed on", (view: ViewResult) => view.handedOn, false],
    ["discarded", (view: ViewResult) => view.discarded, false],
    ["stay", (view: ViewResult) => view.stays, true],
    [dryRun ? "to put" : "rows put", (view: ViewResult) => view.puts, true],
    [dryRun ? "to delete" : "rows deleted", (view: ViewResult) => view.deletes, true],
  ] as const;
  const shown = columns.filter(([, of, always]) => always || views.some((view) => of(view) > 0));
  return formatTable(
    ["view", ...shown.map(([name]) => name)],
    views.map((view) => [view.view, ...shown.map(([, of]) => of(view))]),
  );
}

function verdict({ ok, stopped, dryRun, views }: RedriveReport, seconds: number): string {
  const sum = (of: (view: ViewResult) => number) => views.reduce((n, view) => n + of(view), 0);
  const stay = sum((view) => view.stays);
  const done = sum((view) => view.redriven + view.handedOn + view.discarded);
  if (stopped) return pc.yellow("stopped; the same command goes on from here");
  if (dryRun)
    return `${itemsOf(done)} would leave quarantine, ${stay} would stay. Nothing was written.`;
  const told = `${itemsOf(done)} in ${seconds.toFixed(1)} s`;
  if (ok) return `${told}: ${pc.green("nothing stays behind")}`;
  return `${told}: ${pc.red(`${itemsOf(stay)} left behind`)}; millrace quarantine show <view> <key> tells all of one`;
}
