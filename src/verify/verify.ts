import type { Declarations } from "../view/declarations.js";
import { isNotification, isStored } from "../view/declarations.js";
import type { View } from "../view/view.js";
import { type Comparand, comparandOf, isSet } from "./comparand.js";
import { type Extent, findSuspects, type Space, type Suspect } from "./find-suspects.js";
import {
  countFinding,
  emptyReport,
  type Finding,
  type Verification,
  type ViewReport,
} from "./finding.js";
import { findGroupSuspects } from "./groups/find-groups.js";
import { type AccusedGroup, judgeGroups } from "./groups/judge-groups.js";
import { repairGroup } from "./groups/repair-group.js";
import { type Accused, judge } from "./judge.js";
import type { VerifyPorts } from "./ports.js";
import { type Repair, repairRow } from "./repair-rows.js";

/** What to verify, and how. */
export interface VerifyOptions {
  readonly views: readonly View[];
  /** Share of the rows to look at, 0 to 1; all where it is not given. */
  readonly share?: number;
  /** Key text of one item, or of one row: only what belongs to it is looked at. */
  readonly key?: string;
  /** Put right what is wrong. */
  readonly repair?: boolean;
  /** Pause between two looks at a suspect, at least: longer than the stream is behind. */
  readonly settleMs?: number;
  readonly onProgress?: (progress: VerifyProgress) => void;
}

/** How far a verification is. */
export type VerifyProgress =
  | { readonly step: "reading"; readonly read: number }
  | { readonly step: "looking again"; readonly open: number }
  | { readonly step: "repairing"; readonly done: number; readonly total: number };

/** Pause between two looks where nothing is known of how far the stream is behind. */
export const DEFAULT_SETTLE_MS = 5_000;
const LEAST_LAG_FACTOR = 2;
/** A longer pause between two looks is of no use to somebody who waits for an answer. */
const MOST_PAUSE_MS = 300_000;

/**
 * Recomputes views from their sources and compares, beside a live pipeline (SPEC G57 to G60).
 *
 * What is compared in passing is only suspected; whatever is told was looked at again and again ({@link judge}).
 * Notifications are not verified: nothing is kept of them.
 *
 * Rejects when a table, a stream or the cache cannot be read.
 */
export async function verify(
  ports: VerifyPorts,
  declarations: Declarations,
  options: VerifyOptions,
): Promise<Verification> {
  const startedAtMs = ports.nowMs();
  const views = options.views.filter((view) => !isNotification(view));
  const reports = new Map(views.map((view) => [view.name, emptyReport(view)]));
  let read = 0;
  const extent: Extent = {
    share: options.share ?? 1,
    reports,
    onRead: (count) => options.onProgress?.({ step: "reading", read: (read += count) }),
  };
  const spaces = spacesOf(ports, declarations, views);
  const suspects =
    options.key === undefined
      ? await findSuspects(ports, spaces, extent)
      : await suspectsOfKey(ports, spaces, options.key);
  const aggregates = views.filter((view) => view.kind === "aggregate-view");
  const groups =
    options.key === undefined ? await findGroupSuspects(ports, aggregates, extent) : [];
  const pauseMs = () => pauseBetweenLooks(ports, views, options.settleMs);
  const onLook = (open: number) => options.onProgress?.({ step: "looking again", open });
  const [rows, sums] = await Promise.all([
    judge(ports, suspects, pauseMs, onLook),
    judgeGroups(ports, groups, pauseMs),
  ]);
  for (const { comparand } of rows.busy) count(reports, comparand.view, "busy");
  for (const { view } of sums.busy) count(reports, view, "busy");
  const outcome = await settle(ports, rows.accused, sums.accused, { options, reports });
  const seconds = Math.round((ports.nowMs() - startedAtMs) / 100) / 10;
  for (const report of reports.values()) report.seconds = seconds;
  return { ok: outcome.findings.length === 0, views: [...reports.values()], ...outcome };
}

/** Tells what is wrong, or puts it right first. */
async function settle(
  ports: VerifyPorts,
  rows: readonly Accused[],
  groups: readonly AccusedGroup[],
  context: { readonly options: VerifyOptions; readonly reports: ReadonlyMap<string, ViewReport> },
): Promise<Pick<Verification, "findings" | "repaired">> {
  const { options, reports } = context;
  const findings: Finding[] = [];
  const repaired: Finding[] = [];
  let done = 0;
  const total = rows.length + groups.length;
  const tell = async (view: View, finding: Finding, repair: () => Promise<Repair>) => {
    const isOurs = options.repair === true && finding.kind !== "quarantined";
    const result: Repair = isOurs ? await repair() : { outcome: "left", reason: "" };
    if (isOurs) options.onProgress?.({ step: "repairing", done: ++done, total });
    const report = reports.get(view.name);
    if (result.outcome === "left") {
      const why = result.reason === "" ? "" : `; not repaired: ${result.reason}`;
      findings.push({ ...finding, reason: finding.reason + why });
      if (report) countFinding(report, finding.kind);
    } else if (result.outcome === "changed") {
      if (report) report.busy++;
    } else {
      repaired.push(finding);
      if (report) report.repaired++;
    }
  };
  for (const accused of rows) {
    const { comparand, key } = accused.observation.suspect;
    const { kind, reason } = accused;
    await tell(comparand.view, { view: comparand.view.name, key, kind, reason }, () =>
      repairRow(ports, accused),
    );
  }
  for (const accused of groups) {
    const { view, group, reason } = accused;
    await tell(view, { view: view.name, key: group, kind: "wrong aggregate", reason }, () =>
      repairGroup(ports, accused),
    );
  }
  return { findings, repaired };
}

/** Each table by itself; of a cache everything of one type together, since a key does not tell its view. */
function spacesOf(
  ports: VerifyPorts,
  { views: declared }: Declarations,
  views: readonly View[],
): readonly Space[] {
  const spaces: Space[] = views.filter(isStored).map((view) => {
    const comparands = [comparandOf(ports, view)];
    return { comparands, asked: new Set(comparands), partitions: ports.partitions(view.name) };
  });
  const cached = views.filter((view) => view.kind === "cache-view");
  for (const type of new Set(cached.map((view) => view.type))) {
    const comparands = declared
      .filter((view) => view.kind === "cache-view" && view.type === type)
      .map((view) => comparandOf(ports, view));
    const asked = new Set(comparands.filter(({ view }) => views.includes(view)));
    spaces.push({ comparands, asked, partitions: ports.partitions(type) });
  }
  return spaces;
}

/** All that belongs to one key: of an item what it derives, and in a table the row there. */
async function suspectsOfKey(
  ports: VerifyPorts,
  spaces: readonly Space[],
  key: string,
): Promise<readonly Suspect[]> {
  const suspects: Suspect[] = [];
  const add = (comparand: Comparand, row: string, owners: readonly string[]) => {
    if (!suspects.some((each) => each.comparand === comparand && each.key === row))
      suspects.push({ comparand, key: row, owners, isOwnerKnown: isKnown(comparand, owners) });
  };
  for (const { asked } of spaces)
    for (const comparand of asked) {
      const { view } = comparand;
      const item = (await attempt(() => ports.source.get(view.source, [key])))?.get(key);
      if (item)
        for (const derived of attemptNow(() => comparand.derive(key, item)) ?? [
          { key: view.kind === "aggregate-view" ? key : JSON.stringify(["", key]) },
        ])
          add(comparand, derived.key, [key]);
      const held = await attempt(() => comparand.get(key));
      if (held?.value !== undefined)
        add(comparand, key, held.owner?.startsWith("[") ? [held.owner] : []);
    }
  return suspects;
}

/** A cache keeps only a fingerprint of an owner. */
function isKnown({ view }: Comparand, owners: readonly string[]): boolean {
  return view.kind !== "cache-view" || (owners.length > 0 && !isSet(view));
}

/** What a key is that does not fit a table: nothing there. */
async function attempt<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch {
    return undefined;
  }
}

function attemptNow<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch {
    return undefined;
  }
}

/** Twice as long as the views are behind, where that is known, up to a few minutes; never less than asked for. */
async function pauseBetweenLooks(
  { lagMs }: VerifyPorts,
  views: readonly View[],
  settleMs = DEFAULT_SETTLE_MS,
): Promise<number> {
  const lags = await Promise.all(
    [...new Set(views.map(({ source }) => source))].map(async (source) => lagMs?.(source)),
  );
  const behindMs = Math.max(0, ...lags.map((lag) => (lag ?? 0) * LEAST_LAG_FACTOR));
  return Math.max(settleMs, Math.min(MOST_PAUSE_MS, behindMs));
}

function count(reports: ReadonlyMap<string, ViewReport>, view: View, what: "busy"): void {
  const report = reports.get(view.name);
  if (report) report[what]++;
}
