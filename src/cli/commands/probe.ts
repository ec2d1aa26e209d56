import { dirname, resolve } from "node:path";

import pc from "picocolors";

import { probeView } from "../../compose-probe.js";
import { readConfig } from "../../config.js";
import { MillraceError } from "../../errors.js";
import type { Share } from "../../probe/figures.js";
import type { Offender, ProbeReport } from "../../probe/probe.js";
import { collectDeclarations, type Declarations } from "../../view/declarations.js";
import { selectView } from "../../view/select-views.js";
import type { View } from "../../view/view.js";
import { formatTable } from "../format-table.js";
import { loadPipeline } from "../load-project.js";
import { createScreen } from "../screen.js";
import { nameLocalAccount } from "../services.js";
import { untilStopped } from "../until-stopped.js";

/** What `millrace probe` takes. */
export interface ProbeCommandOptions {
  readonly pipeline: string;
  /** Keys a sample has. */
  readonly sample: number;
  /** Goes on taking samples for so long. */
  readonly seconds?: number;
  /** Goes on until it is stopped. */
  readonly watch?: boolean;
  /** What the view's keys begin with. */
  readonly prefix?: string;
  /** Whether the source may be gone over as a whole. */
  readonly scan: boolean;
  readonly json?: boolean;
}

/**
 * Compares samples of a cache view with its source, and prints which share was consistent in time.
 *
 * @returns whether nothing was wrong for 10 seconds.
 */
export async function probe(name: string, options: ProbeCommandOptions): Promise<boolean> {
  const { exports } = await loadPipeline(dirname(resolve(options.pipeline)), resolve(options.pipeline)); // prettier-ignore
  const declarations = collectDeclarations(exports);
  const view = viewNamed(declarations, name);
  const config = readConfig();
  if (config.dynamodbEndpoint !== undefined) nameLocalAccount();
  const stopped = new AbortController();
  void untilStopped().then(() => stopped.abort());
  const screen = createScreen(options.json ? process.stderr : process.stdout);
  const report = await probeView(config, declarations, view, {
    sampleSize: options.sample,
    forMs: options.watch ? Infinity : (options.seconds ?? 0) * 1_000,
    searchesOwners: options.scan,
    ...(options.prefix !== undefined && { prefix: options.prefix }),
    signal: stopped.signal,
    onReport: (sofar) => screen.redraw(reportText(sofar)),
  });
  screen.end(reportText(report));
  if (options.json) console.log(JSON.stringify(report));
  return report.ok;
}

function viewNamed({ views }: Declarations, name: string): View {
  const view = selectView(views, name);
  if (view) return view;
  const known = views.flatMap((each) => (each.kind === "cache-view" ? [each.name] : []));
  throw new MillraceError(
    "configuration",
    `there is no view "${name}"; in the cache there are ${known.join(", ") || "none"}`,
  );
}

/** Offenders that are shown; the rest is counted. */
const MOST_SHOWN = 10;
/** Characters of a value that are shown. */
const MOST_CHARACTERS = 60;

function reportText(report: ProbeReport): string {
  const { view, keys, absent, unjudged, seconds, within, offenders } = report;
  const counts = [
    `${keys} keys compared`,
    ...(absent > 0 ? [`${absent} not kept, as the view allows`] : []),
    ...(unjudged > 0 ? [`${unjudged} not judged`] : []),
    `${seconds.toFixed(0)} s`,
  ];
  const table = formatTable(["consistent within", "share", "nines", "wrong"], within.map(shareRow)); // prettier-ignore
  const lines = [`${pc.bold(view)}  ${counts.join(", ")}`, "", table];
  const shown = offenders.slice(0, MOST_SHOWN);
  if (shown.length > 0) {
    const header = ["key", "problem", "is", "should be", "since", "for"];
    lines.push("", formatTable(header, shown.map(offenderRow)));
  }
  if (offenders.length > shown.length)
    lines.push(pc.dim(`and ${offenders.length - shown.length} more`));
  return lines.join("\n");
}

function shareRow({ withinSeconds, share, nines, inconsistent }: Share) {
  const percent = `${(share * 100).toFixed(4).replace(/\.?0+$/, "")} %`;
  const known = inconsistent === 0 ? `${nines.toFixed(1)} or more` : nines.toFixed(1);
  return [`${withinSeconds} s`, percent, known, inconsistent];
}

function offenderRow({ key, problem, is, shouldBe, since, seconds, isRight }: Offender) {
  const lasted = `${seconds.toFixed(1)} s${isRight ? ", right again" : ""}`;
  return [key, problem, short(is), short(shouldBe), since.slice(11, 19), lasted];
}

function short(value: unknown): string {
  if (value === null) return "-";
  const text = JSON.stringify(value, (_name, each: unknown) => (typeof each === "bigint" ? String(each) : each)); // prettier-ignore
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS - 1)}…` : text;
}
