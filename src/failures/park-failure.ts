import { decodeRecord, type StreamRecord } from "../change/decode-record.js";
import { padSequenceNumber, parseStreamArn } from "../change/version.js";
import { isMillraceError, MillraceError } from "../errors.js";
import { DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import type { Clock, Deadline } from "../pipeline/clock.js";
import { formLanes } from "../pipeline/lanes.js";
import { insist, type Parking, parkPoison, parkWork } from "../pipeline/park.js";
import type { BatchReport } from "../pipeline/report.js";
import { createTally } from "../pipeline/tally.js";
import { ANY_VIEW, type Quarantine } from "../state/quarantine.js";
import { type Declarations, viewsOf } from "../view/declarations.js";
import type { View } from "../view/view.js";
import type { GivenUp } from "./failure-message.js";
import type { FetchRecords } from "./fetch-records.js";

/** What parking of given-up batches is made of. */
export interface FailureParts {
  readonly declarations: Declarations;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
  readonly fetchRecords: FetchRecords;
  readonly declaredName: (table: string) => string | undefined;
  /** Put before a function's name in the deployment. */
  readonly functionPrefix: string;
}

/** What became of a batch that was given up. */
export interface FailureReport {
  /** Records parked, each in every view of the function that failed. */
  readonly parked: number;
  /** Records that the stream no longer had. */
  readonly lost: number;
  readonly problems: BatchReport["problems"];
}

/**
 * Puts a batch that Lambda gave up into quarantine, where redrive finds it: every record in each view that the function
 * writes, behind a fence of its item.
 *
 * The views' functions are not asked: whatever ended the one that failed would end this one. What the stream no longer has
 * is parked as an entry without records, which no redrive can bring, so that nobody takes the view for true.
 */
export async function parkFailure(
  parts: FailureParts,
  failure: GivenUp,
  deadline: Deadline,
): Promise<FailureReport> {
  const { streamArn, shardId, range } = failure;
  const { table } = parseStreamArn(streamArn);
  const source = parts.declaredName(table) ?? table;
  const followed = viewsOf(parts.declarations, source);
  const keys = followed[0]?.source.key.map(({ name }) => name);
  if (keys === undefined)
    throw new MillraceError("malformed-record", `no view follows table "${table}"`);
  const parking: Parking = { ...parts, deadline, retry: DEFAULT_RETRY };
  const { records, isTrimmed } = failure.records
    ? { records: failure.records, isTrimmed: false }
    : range
      ? await parts.fetchRecords({ streamArn, shardId, ...range })
      : { records: [], isTrimmed: false };
  const tally = createTally(records.length);
  const decoded = [];
  const reason = givenUp(failure);
  for (const record of records) {
    try {
      decoded.push({ change: decodeRecord(record, () => keys), record });
    } catch (thrown) {
      if (!isMillraceError(thrown) || thrown.code === "configuration") throw thrown;
      await parkPoison(parking, tally, { record, error: thrown });
    }
  }
  for (const view of followed.filter((each) => isWrittenBy(parts, failure, each)))
    for (const lane of formLanes(decoded))
      await parkWork(parking, tally, source, { view, lane, mutations: [] }, reason);
  const lost = isTrimmed ? Math.max(0, (range?.records ?? 0) - records.length) : 0;
  if (lost > 0) await parkLoss(parking, failure, source, lost, records);
  const { problems } = tally.report(parts.clock.nowMs());
  return { parked: records.length, lost, problems };
}

function givenUp({ functionArn, condition, invocations }: GivenUp): MillraceError {
  return new MillraceError(
    "given-up",
    `Lambda gave up a batch of function ${functionNameOf(functionArn)} after ${invocations} calls (${condition})`,
  );
}

/** The last part of `arn:…:function:<name>[:<alias>]`. */
function functionNameOf(arn: string): string {
  return arn.split(":")[6] ?? arn;
}

/** By the function's name in the deployment; one named otherwise may write any view. */
function isWrittenBy(
  { functionPrefix }: FailureParts,
  { functionArn }: GivenUp,
  view: View,
): boolean {
  switch (functionNameOf(functionArn)) {
    case `${functionPrefix}tables`:
      return view.kind !== "cache-view";
    case `${functionPrefix}cache`:
      return view.kind === "cache-view";
    default:
      return true;
  }
}

/** An entry without records: what is lost, and where it was. */
async function parkLoss(
  parking: Parking,
  { streamArn, shardId, range, condition, functionArn }: GivenUp,
  source: string,
  lost: number,
  found: readonly StreamRecord[],
): Promise<void> {
  const { first = "0", last = "0" } = range ?? {};
  const rest = found.length > 0 ? `; the later ${found.length} were found` : "";
  const message =
    `${lost} records from ${first} to ${last} of shard ${shardId}, which function ${functionNameOf(functionArn)} ` +
    `gave up (${condition}), are no longer in the stream ${streamArn}${rest}`;
  const entry = {
    ...{ view: ANY_VIEW, source, itemKey: `${first}..${last}`, position: padSequenceNumber(last) },
    ...{ records: [], error: { code: "lost" as const, message } },
    parkedAtMs: parking.clock.nowMs(),
  };
  await insist(parking, () => parking.quarantine.park(entry));
}
