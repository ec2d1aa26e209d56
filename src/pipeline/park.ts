import type { StreamRecord } from "../change/decode-record.js";
import { padSequenceNumber, parseStreamArn } from "../change/version.js";
import type { MillraceError } from "../errors.js";
import { isMillraceError } from "../errors.js";
import { ANY_VIEW, type Quarantine, type QuarantineEntry } from "../state/quarantine.js";
import type { RetryPolicy } from "./apply-with-retry.js";
import type { Clock, Deadline } from "./clock.js";
import type { Tally } from "./tally.js";
import type { Work } from "./work.js";

/** What parking needs of the pipeline. */
export interface Parking {
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  readonly deadline: Deadline;
  readonly retry: RetryPolicy;
  readonly declaredName: (table: string) => string | undefined;
}

/**
 * Parks a lane's records for one view: durable when it resolves (rule V8).
 *
 * With `joining`, only while the item's fence stands.
 */
export async function parkWork(
  parking: Parking,
  tally: Tally,
  source: string,
  work: Work,
  error: MillraceError,
  joining = false,
): Promise<"parked" | "fence-gone"> {
  const { view, lane } = work;
  const { itemKey, version } = lane.change;
  const entry = entryOf(
    parking,
    { view: view.name, source, itemKey, position: version, records: lane.records },
    error,
  );
  const parked = await insist(parking, () => parking.quarantine.park(entry, { joining }));
  if (parked === "parked") {
    tally.quarantined({
      view: view.name,
      itemKey,
      sequenceNumber: lane.firstSequenceNumber,
      error,
    });
  }
  return parked;
}

/** Parks a record that could not be decoded, whole, for no view in particular. */
export async function parkPoison(
  parking: Parking,
  tally: Tally,
  { record, error }: { readonly record: StreamRecord; readonly error: MillraceError },
): Promise<void> {
  const sequenceNumber = record.dynamodb?.SequenceNumber ?? "";
  const itemKey = sequenceNumber || (record.eventID ?? "unknown");
  const position = /^\d{1,40}$/.test(sequenceNumber) ? padSequenceNumber(sequenceNumber) : itemKey;
  const source = sourceOf(parking, record);
  const entry = entryOf(
    parking,
    { view: ANY_VIEW, source, itemKey, position, records: [record] },
    error,
  );
  await insist(parking, () => parking.quarantine.park(entry));
  tally.quarantined({ view: ANY_VIEW, itemKey, sequenceNumber, error });
}

function sourceOf(parking: Parking, record: StreamRecord): string {
  try {
    const { table } = parseStreamArn(record.eventSourceARN ?? "");
    return parking.declaredName(table) ?? table;
  } catch {
    return "unknown";
  }
}

function entryOf(
  parking: Parking,
  entry: Omit<QuarantineEntry, "error" | "parkedAtMs">,
  { code, message, stack, cause }: MillraceError,
): QuarantineEntry {
  // The stack of what a view function threw leads to the mistake; our own only to the pipeline.
  const origin = cause instanceof Error ? cause.stack : stack;
  return {
    ...entry,
    error: { code, message, ...(origin !== undefined && { stack: origin }) },
    parkedAtMs: parking.clock.nowMs(),
  };
}

/**
 * Calls until it succeeds, as long as it fails retriably and time is left.
 *
 * @throws the last error: without quarantine and fences a batch cannot be acknowledged, so the batch fails.
 */
export async function insist<T>(
  { clock, deadline, retry }: Pick<Parking, "clock" | "deadline" | "retry">,
  call: () => Promise<T>,
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (thrown) {
      const delayMs = clock.random() * Math.min(retry.maxDelayMs, retry.baseDelayMs * 2 ** attempt);
      const retriable = isMillraceError(thrown) && thrown.retriable;
      if (!retriable || deadline.remainingMs() - delayMs < retry.reserveMs / 2) throw thrown;
      await clock.sleep(delayMs);
    }
  }
}
