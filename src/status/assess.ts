import { unreachable } from "../errors.js";
import { type FunctionKind, type Loss, lostAtMs, NO_PROGRESS } from "../state/progress.js";
import { labelOf } from "../state/progress.js";
import { RETENTION_MS } from "./look-at-stream.js";
import type { FunctionObservation, SourceObservation, ViewObservation } from "./observation.js";
import { RECENT_MS } from "./observe.js";
import type { BackfillProgress } from "./read-backfill.js";

/**
 * What is known of a function:
 *
 * - `working`: it ended a batch seconds ago
 * - `idle`: the stream has nothing newer than what it did
 * - `behind`: the stream has something newer
 * - `stopped`: and has had it for minutes
 * - `quiet`: it ended its last batch a while ago; whether there is anything newer cannot be told
 * - `new`: it never ended a batch
 */
export type FunctionState = "working" | "idle" | "behind" | "stopped" | "quiet" | "new";

/** How a function is doing. Times are Unix milliseconds. */
export interface FunctionStatus {
  readonly function: FunctionKind;
  readonly state: FunctionState;
  /** Of its last batch: from its newest change to its end. */
  readonly lagMs?: number;
  readonly lastBatchAtMs?: number;
  /** When the oldest change was made that waits in the stream. */
  readonly waitingSinceMs?: number;
  /** The stream that it follows. */
  readonly streamLabel?: string;
  readonly changes: number;
}

/** How a view is doing. Counts are of all time, but for what waits now: `quarantined` changes, `fenced` items. */
export interface ViewStatus {
  readonly view: string;
  readonly sink: "dynamodb" | "redis";
  readonly function: FunctionKind;
  readonly applied: number;
  readonly stale: number;
  readonly skipped: number;
  readonly unchanged: number;
  readonly quarantined: number;
  readonly fenced: number;
  readonly lastAppliedAtMs?: number;
  readonly backfill?: BackfillProgress;
}

/** Something that needs a person, and what to do. */
export interface Problem {
  readonly kind: "stream" | "loss" | "lag" | "quarantine";
  readonly message: string;
  readonly remedy: string;
}

/** How a source and its views are doing. */
export interface SourceStatus {
  readonly source: string;
  readonly tableName: string;
  readonly stream: SourceObservation["stream"];
  readonly functions: readonly FunctionStatus[];
  readonly views: readonly ViewStatus[];
  readonly problems: readonly Problem[];
}

/** How a pipeline is doing. */
export interface StatusReport {
  /** Whether nothing needs a person. */
  readonly ok: boolean;
  readonly atMs: number;
  readonly sources: readonly SourceStatus[];
}

/** More than this behind needs a person. */
const MOST_LAG_MS = 15 * 60 * 1000;
/** A change that waits longer than this makes one ask whether the function runs at all. */
const LONG_WAIT_MS = 2 * 60 * 1000;

/** Says of what was seen what it means. */
export function assess(observations: readonly SourceObservation[], atMs: number): StatusReport {
  const sources = observations.map((observation) => assessSource(observation, atMs));
  return { ok: sources.every(({ problems }) => problems.length === 0), atMs, sources };
}

function assessSource(observation: SourceObservation, atMs: number): SourceStatus {
  const { source, tableName, stream } = observation;
  const functions = observation.functions.map((each) => assessFunction(each, atMs));
  return {
    source,
    tableName,
    stream,
    functions,
    views: observation.views.map((view) => assessView(observation, view)),
    problems: [
      ...streamProblems(observation),
      ...observation.functions.flatMap((each) => lossProblems(observation, each, atMs)),
      ...functions.flatMap((each) => lagProblems(source, each, atMs)),
      ...quarantineProblems(observation),
    ],
  };
}

function assessFunction(
  { function: kind, progress, newer }: FunctionObservation,
  atMs: number,
): FunctionStatus {
  return {
    function: kind,
    state: stateOf(progress?.batchEndedAtMs, newer, atMs),
    ...(progress && { lagMs: progress.lagMs, lastBatchAtMs: progress.batchEndedAtMs }),
    ...(newer.newer === "some" && { waitingSinceMs: newer.oldestAtMs }),
    ...(progress?.position && { streamLabel: labelOf(progress.position.version) }),
    changes: progress?.changes ?? 0,
  };
}

function stateOf(
  batchEndedAtMs: number | undefined,
  newer: FunctionObservation["newer"],
  atMs: number,
): FunctionState {
  if (batchEndedAtMs !== undefined && atMs - batchEndedAtMs < RECENT_MS) return "working";
  switch (newer.newer) {
    case "some":
      return atMs - newer.oldestAtMs > LONG_WAIT_MS ? "stopped" : "behind";
    case "none":
      return batchEndedAtMs === undefined ? "new" : "idle";
    case "unknown":
      return batchEndedAtMs === undefined ? "new" : "quiet";
    default:
      return unreachable(newer);
  }
}

function assessView({ functions }: SourceObservation, observed: ViewObservation): ViewStatus {
  const { view, function: kind, quarantined, fences, backfill } = observed;
  const progress = functions.find((each) => each.function === kind)?.progress;
  const counts = progress?.views[view.name] ?? NO_PROGRESS;
  const { applied, stale, skipped, unchanged, appliedAtMs } = counts;
  return {
    view: view.name,
    sink: view.kind === "cache-view" ? "redis" : "dynamodb",
    function: kind,
    ...{ applied, stale, skipped, unchanged, quarantined },
    fenced: fences,
    ...(appliedAtMs !== undefined && { lastAppliedAtMs: appliedAtMs }),
    ...(backfill && { backfill }),
  };
}

function streamProblems({ tableName, stream, views }: SourceObservation): Problem[] {
  const backfill = backfillOf(views.map(({ view }) => view.name));
  switch (stream.state) {
    case "on":
      return [];
    case "no-table":
      return [
        {
          kind: "stream",
          message: `there is no table "${tableName}"`,
          remedy: "deploy, start millrace dev, or set MILLRACE_TABLE_PREFIX",
        },
      ];
    case "off":
      return [
        {
          kind: "stream",
          message: `table "${tableName}" has no stream: its views do not change`,
          remedy: `enable it with NEW_AND_OLD_IMAGES, then ${backfill}`,
        },
      ];
    case "wrong-type":
      return [
        {
          kind: "stream",
          message: `the stream of table "${tableName}" carries ${stream.viewType}`,
          remedy: `disable it, enable it with NEW_AND_OLD_IMAGES, then ${backfill}`,
        },
      ];
    default:
      return unreachable(stream);
  }
}

/** Rule V12: a stream that took the place of another, or one that was not read within its retention. */
function lossProblems(
  { source, stream, mendedAtMs, views }: SourceObservation,
  { function: kind, progress, newer }: FunctionObservation,
  atMs: number,
): Problem[] {
  if (!progress) return [];
  const own = views.filter((view) => view.function === kind).map(({ view }) => view.name);
  const losses = [...progress.losses, ...unseenLoss(progress, stream, atMs)];
  const problems = losses.flatMap((loss): Problem[] => {
    const open = own.filter((view) => (mendedAtMs[view] ?? 0) < lostAtMs(loss));
    if (open.length === 0) return [];
    const message = `${source}: stream ${loss.to} took the place of ${loss.from}; changes after ${timeOf(loss.lastChangeAtMs)} may be in no view`;
    return [{ kind: "loss", message, remedy: backfillOf(open) }];
  });
  const { position } = progress;
  const isOver = position && atMs - position.changedAtMs > RETENTION_MS;
  if (isOver && newer.newer === "some" && losses.length === 0) {
    const message = `${source}: nothing since ${timeOf(position.changedAtMs)} was read by ${kind}, which is longer than a stream keeps changes`;
    problems.push({
      kind: "loss",
      message,
      remedy: `see why the function does not run, then ${backfillOf(own)}`,
    });
  }
  return problems;
}

/** A stream that nothing has come from yet is in the place of the one followed all the same. */
function unseenLoss(
  { position }: { readonly position?: FunctionPosition },
  stream: SourceObservation["stream"],
  atMs: number,
): Loss[] {
  if (stream.state !== "on" || !position) return [];
  const from = labelOf(position.version);
  if (stream.label <= from) return [];
  return [{ from, to: stream.label, lastChangeAtMs: position.changedAtMs, noticedAtMs: atMs }];
}

type FunctionPosition = NonNullable<NonNullable<FunctionObservation["progress"]>["position"]>;

function lagProblems(source: string, status: FunctionStatus, atMs: number): Problem[] {
  const { function: kind, state, waitingSinceMs, lagMs = 0 } = status;
  const waitsMs = waitingSinceMs === undefined ? 0 : atMs - waitingSinceMs;
  const remedy = `see the log of the function ${kind}: is it deployed, mapped, and succeeding?`;
  if (waitsMs > MOST_LAG_MS) {
    const message = `${source}: changes since ${timeOf(atMs - waitsMs)} wait for ${kind}`;
    return [{ kind: "lag", message, remedy }];
  }
  // How far behind a function was that has since come to the end of its stream is of the past.
  if (lagMs <= MOST_LAG_MS || state === "idle") return [];
  const message = `${source}: ${kind} is ${Math.round(lagMs / 60_000)} min behind`;
  return [{ kind: "lag", message, remedy }];
}

function quarantineProblems({ source, views, undecoded }: SourceObservation): Problem[] {
  const problems = views
    .filter(({ quarantined, fences }) => quarantined > 0 || fences > 0)
    .map(({ view: { name }, quarantined, fences }): Problem => {
      const message = `${name}: ${counted(quarantined, "change")} in quarantine, ${counted(fences, "item")} fenced`;
      return { kind: "quarantine", message, remedy: `npx millrace quarantine list ${name}` };
    });
  if (undecoded > 0) {
    const message = `${source}: ${counted(undecoded, "record")} in quarantine that could not be decoded`;
    problems.push({ kind: "quarantine", message, remedy: "npx millrace quarantine list" });
  }
  return problems;
}

function backfillOf(views: readonly string[]): string {
  return `npx millrace backfill ${views.join(" ")}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}
