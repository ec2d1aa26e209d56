import pc from "picocolors";

import { composeVerify } from "../../compose-verify.js";
import { readConfig } from "../../config.js";
import { configurationError } from "../../errors.js";
import type { Finding, Verification, ViewReport } from "../../verify/finding.js";
import { verify, type VerifyOptions, type VerifyProgress } from "../../verify/verify.js";
import { collectDeclarations } from "../../view/declarations.js";
import { selectViews } from "../../view/select-views.js";
import { formatTable } from "../format-table.js";
import { loadPipeline } from "../load-project.js";
import { createProgress } from "../progress.js";
import { nameLocalAccount } from "../services.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace verify` takes. */
export interface VerifyCommandOptions {
  readonly pipeline: string;
  /** Share of the rows, as `1%`. */
  readonly sample?: string;
  /** Key of an item or a row, mostly a JSON array. */
  readonly key?: string;
  readonly settleSeconds: number;
  readonly repair?: boolean;
  readonly json?: boolean;
}

const FINDINGS_SHOWN = 20;
const KEY_WIDTH = 44;
const REASON_WIDTH = 72;

/**
 * Compares views with what their sources say, and with `--repair` puts right what is wrong.
 *
 * @returns the exit code: 0 if all is true, or was put right; 1 if something is wrong, or it was stopped.
 */
export async function verifyViews(
  names: readonly string[],
  options: VerifyCommandOptions,
): Promise<number> {
  const asked = { ...shareOf(options.sample), ...keyOf(options.key) };
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  const { exports } = await loadPipeline(process.cwd(), options.pipeline);
  const declarations = collectDeclarations(exports);
  const views = selectViews(declarations.views, names);
  const composed = await composeVerify(config, declarations);
  const print = options.json ? console.error : console.log;
  const startedAtMs = Date.now();
  const { onProgress, stop } = showProgress(await composed.itemsAbout(views));
  try {
    const result = await Promise.race([
      verify(composed.ports, declarations, {
        views,
        ...asked,
        repair: options.repair ?? false,
        settleMs: options.settleSeconds * 1000,
        onProgress,
      }),
      untilStopped(),
    ]).finally(stop);
    if (!result) {
      console.error("stopped: nothing is said of the views; run it again from the beginning");
      return 1;
    }
    const isWhole = asked.share === undefined && asked.key === undefined;
    if (options.repair && result.ok && isWhole) await composed.noteTrue(views, startedAtMs);
    for (const line of resultLines(result, options.repair ?? false)) print(line);
    if (options.json) console.log(JSON.stringify(result));
    return result.ok ? 0 : 1;
  } finally {
    await composed.close();
  }
}

function shareOf(sample: string | undefined): Pick<VerifyOptions, "share"> {
  if (sample === undefined) return {};
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(sample)?.[1];
  if (percent !== undefined && Number(percent) > 0 && Number(percent) <= 100)
    return { share: Number(percent) / 100 };
  throw configurationError("verify", [
    `--sample is "${sample}"; give a share of the rows, like 1% or 0.5%`,
  ]);
}

/** A key as it is written everywhere: without spaces between its values. */
function keyOf(key: string | undefined): Pick<VerifyOptions, "key"> {
  if (key === undefined) return {};
  if (!key.startsWith("[")) return { key };
  return {
    key: key.replace(/"(?:[^"\\]|\\.)*"|\s+/g, (part) => (part.startsWith('"') ? part : "")),
  };
}

function showProgress(itemsAbout: number) {
  const progress = createProgress(process.stderr);
  const bar = progress.add("reading", Math.max(1, itemsAbout));
  let isReading = true;
  const finishReading = () => {
    if (isReading) bar.update(Math.max(1, itemsAbout));
    isReading = false;
    progress.stop();
  };
  const onProgress = (at: VerifyProgress) => {
    switch (at.step) {
      case "reading":
        bar.update(Math.min(at.read, itemsAbout - 1));
        break;
      case "looking again":
        finishReading();
        console.error(pc.dim(`looking again at ${at.open} that did not fit in passing`));
        break;
      case "repairing":
        if (at.done === at.total || at.done % 100 === 0)
          console.error(pc.dim(`repaired ${at.done} of ${at.total}`));
        break;
    }
  };
  return { onProgress, stop: finishReading };
}

function resultLines(result: Verification, wasRepaired: boolean): readonly string[] {
  const { views, findings, repaired } = result;
  const lines = ["", reportTable(views)];
  if (repaired.length > 0)
    lines.push("", pc.green(`repaired ${repaired.length}:`), ...findingLines(repaired));
  if (findings.length > 0)
    lines.push("", pc.red(`wrong ${findings.length}:`), ...findingLines(findings));
  return [...lines, "", closingLine(result, wasRepaired)];
}

function closingLine({ ok, views, findings }: Verification, wasRepaired: boolean): string {
  const busy = views.reduce((sum, view) => sum + view.busy, 0);
  const unsaid = busy === 0 ? "" : `; nothing is said of ${busy} that kept changing`;
  if (ok) return `${pc.green(`${views.length} views are as their sources say`)}${unsaid}`;
  const parked = findings.filter(({ kind }) => kind === "quarantined").length;
  const remedies = [
    ...(!wasRepaired && parked < findings.length ? ["run it again with --repair"] : []),
    ...(parked > 0 ? ["redrive what is quarantined"] : []),
  ];
  return `${pc.red(`${findings.length} are wrong`)}${remedies.map((each) => `; ${each}`).join("")}${unsaid}`;
}

const ALWAYS = ["rows", "missing", "extra", "different", "orphans"] as const;
const IF_ANY = {
  wrongAggregates: "aggregates",
  quarantined: "quarantined",
  busy: "busy",
  repaired: "repaired",
} as const;

function reportTable(views: readonly ViewReport[]): string {
  const rare = (Object.keys(IF_ANY) as (keyof typeof IF_ANY)[]).filter((name) =>
    views.some((view) => view[name] > 0),
  );
  return formatTable(
    ["view", "sink", ...ALWAYS, ...rare.map((name) => IF_ANY[name])],
    views.map((view) => [view.view, view.sink, ...[...ALWAYS, ...rare].map((name) => view[name])]),
  );
}

function findingLines(findings: readonly Finding[]): readonly string[] {
  const table = formatTable(
    ["view", "kind", "key", "reason"],
    findings
      .slice(0, FINDINGS_SHOWN)
      .map(({ view, kind, key, reason }) => [
        view,
        kind,
        cut(key, KEY_WIDTH),
        cut(reason, REASON_WIDTH),
      ]),
  );
  const more = findings.length - FINDINGS_SHOWN;
  return more > 0 ? [table, pc.dim(`and ${more} more; --json lists all`)] : [table];
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}
