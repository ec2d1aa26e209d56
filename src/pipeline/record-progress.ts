import { padSequenceNumber } from "../change/version.js";
import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import {
  addUpdates,
  type FunctionKind,
  type Position,
  type ProgressStore,
  type ProgressUpdate,
} from "../state/progress.js";
import type { Clock, Deadline } from "./clock.js";
import type { DecodedRecord } from "./lanes.js";
import type { BatchReport } from "./report.js";

/** A batch that was processed. */
export interface DoneBatch {
  readonly source: string;
  readonly decoded: readonly DecodedRecord[];
  readonly report: BatchReport;
  readonly deadline: Deadline;
}

/** Records how far a pipeline came, now and then. */
export interface ProgressRecorder {
  /**
   * Takes a batch into account, and records if it is time to. Never rejects: resolves with what kept it from recording,
   * if anything did since the last call; what is not recorded yet is carried along.
   */
  note(batch: DoneBatch): Promise<MillraceError | undefined>;
}

/** What {@link createProgressRecorder} takes. */
export interface ProgressRecorderParts {
  readonly store: Pick<ProgressStore, "record">;
  readonly function: FunctionKind;
  readonly clock: Pick<Clock, "nowMs">;
  /** Does something after so many milliseconds, if the process is still there; keeps no process alive. */
  readonly later: (ms: number, act: () => void) => void;
  /**
   * Records in a batch that is full, where the process may be frozen at the end of any batch, as on Lambda: nothing is
   * put off then but after a full batch, since another follows that.
   */
  readonly fullBatch?: number;
}

/** Under load, a source's progress is recorded so often. */
const EVERY_MS = 1_000;
/** The most a batch waits for its record; it is carried on with in the background. */
const PATIENCE_MS = 1_000;
/** Time of an invocation that is left to the response. */
const RESERVE_MS = 500;

interface Pending {
  update?: ProgressUpdate;
  recordedAtMs: number;
  running?: Promise<void>;
  isScheduled: boolean;
  failure?: MillraceError;
}

/** Makes a recorder: at most one record a second and source under load, and one after the last batch before a pause. */
export function createProgressRecorder(parts: ProgressRecorderParts): ProgressRecorder {
  const { store, clock, later, fullBatch } = parts;
  const sources = new Map<string, Pending>();

  function pendingOf(source: string): Pending {
    const known = sources.get(source);
    if (known) return known;
    const fresh = { recordedAtMs: -Infinity, isScheduled: false };
    sources.set(source, fresh);
    return fresh;
  }

  async function record(pending: Pending): Promise<void> {
    const { update } = pending;
    if (update === undefined) return;
    delete pending.update;
    pending.recordedAtMs = clock.nowMs();
    try {
      await store.record(update);
    } catch (thrown) {
      pending.update = pending.update ? addUpdates(update, pending.update) : update;
      pending.failure = isMillraceError(thrown)
        ? thrown
        : new MillraceError("unavailable", messageOf(thrown), { cause: thrown });
    }
  }

  /** Starts recording unless that is under way; what came meanwhile then goes with the next. */
  function start(pending: Pending): Promise<void> {
    if (pending.running) {
      schedule(pending);
      return pending.running;
    }
    pending.running = record(pending).finally(() => delete pending.running);
    return pending.running;
  }

  function schedule(pending: Pending): void {
    if (pending.isScheduled) return;
    pending.isScheduled = true;
    later(EVERY_MS, () => {
      pending.isScheduled = false;
      void start(pending);
    });
  }

  return {
    async note({ source, decoded, report, deadline }) {
      const pending = pendingOf(source);
      const update = updateOf(parts, source, decoded, report);
      pending.update = pending.update ? addUpdates(pending.update, update) : update;
      const isDue = clock.nowMs() - pending.recordedAtMs >= EVERY_MS;
      const mayBeLast = fullBatch !== undefined && report.records < fullBatch;
      const patienceMs = Math.min(PATIENCE_MS, deadline.remainingMs() - RESERVE_MS);
      if ((isDue || mayBeLast) && patienceMs > 0) {
        const timeout = new Promise<void>((resolve) => later(patienceMs, resolve));
        await Promise.race([start(pending), timeout]);
      } else schedule(pending);
      const { failure } = pending;
      delete pending.failure;
      return failure;
    },
  };
}

function updateOf(
  { clock, function: functionKind }: ProgressRecorderParts,
  source: string,
  decoded: readonly DecodedRecord[],
  report: BatchReport,
): ProgressUpdate {
  const batchEndedAtMs = clock.nowMs();
  const position = positionOf(decoded, report.unresolved);
  const views = report.views.map(
    ({ view, applied, stale, skipped, unchanged, quarantined }) =>
      [
        view,
        {
          ...{ applied, stale, skipped, unchanged, quarantined },
          ...(applied > 0 && { appliedAtMs: batchEndedAtMs }),
        },
      ] as const,
  );
  return {
    source,
    function: functionKind,
    ...(position && { position }),
    batchEndedAtMs,
    lagMs: Math.max(0, batchEndedAtMs - (position?.changedAtMs ?? batchEndedAtMs)),
    batches: 1,
    changes: report.records,
    views: Object.fromEntries(views),
  };
}

/** The newest change of a batch before the first that is left for redelivery. */
function positionOf(
  decoded: readonly DecodedRecord[],
  unresolved: readonly string[],
): Position | undefined {
  const [open] = unresolved.map(padSequenceNumber).sort();
  let newest: Position | undefined;
  for (const { change } of decoded) {
    if (open !== undefined && padSequenceNumber(change.sequenceNumber) >= open) continue;
    if (newest !== undefined && change.version <= newest.version) continue;
    newest = { version: change.version, changedAtMs: change.changedAtSeconds * 1000 };
  }
  return newest;
}
