import type { Logger } from "@aws-lambda-powertools/logger";
import type { Metrics } from "@aws-lambda-powertools/metrics";
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from "aws-lambda";

import { isMillraceError, type MillraceError } from "../errors.js";
import { DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import type { Deadline } from "../pipeline/clock.js";
import { insist } from "../pipeline/park.js";
import { ANY_VIEW } from "../state/quarantine.js";
import { type GivenUp, type ObjectPlace, readFailure, readNotice } from "./failure-message.js";
import { type FailureParts, parkFailure } from "./park-failure.js";

/** A Lambda function that takes messages about batches that other functions' mappings gave up. */
export type FailuresHandler = (
  event: SQSEvent,
  context: Pick<Context, "getRemainingTimeInMillis" | "awsRequestId">,
) => Promise<SQSBatchResponse>;

/** What the handler needs; made once a container, outside the handler, and reused. */
export interface FailuresHandlerParts extends FailureParts {
  /** The text of an object in a bucket. Rejects as a sink does: with `unavailable` where trying again can help. */
  readonly readObject: (place: ObjectPlace) => Promise<string>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Makes the second net's handler: whatever Lambda gave up is fetched and put into quarantine.
 *
 * A message that could not be finished is named in the response and delivered again. One that is about nothing known is
 * put into quarantine as it is, because trying it again for days would not help.
 */
export function createFailuresHandlerOf(parts: FailuresHandlerParts): FailuresHandler {
  return async ({ Records }, context) => {
    const deadline = { remainingMs: () => context.getRemainingTimeInMillis() };
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const message of Records) {
      try {
        await takeMessage(parts, message, deadline);
      } catch (thrown) {
        parts.logger.error("failure not taken; its message will be delivered again", {
          messageId: message.messageId,
          error: thrown as Error,
        });
        batchItemFailures.push({ itemIdentifier: message.messageId });
      }
    }
    return { batchItemFailures };
  };
}

async function takeMessage(
  parts: FailuresHandlerParts,
  message: SQSRecord,
  deadline: Deadline,
): Promise<void> {
  try {
    const notice = readNotice(message.body);
    if (notice.kind === "given-up") return await take(parts, notice.failure, deadline);
    for (const place of notice.places)
      await take(parts, readFailure(await parts.readObject(place)), deadline);
  } catch (thrown) {
    if (!isMillraceError(thrown) || thrown.code !== "malformed-record") throw thrown;
    await parkMessage(parts, message, thrown, deadline);
  }
}

async function take(
  parts: FailuresHandlerParts,
  failure: GivenUp,
  deadline: Deadline,
): Promise<void> {
  const { parked, lost, problems } = await parkFailure(parts, failure, deadline);
  const { records: _records, ...told } = failure;
  for (const { view, itemKey, sequenceNumber, error } of problems)
    parts.logger.error("change quarantined", { view, itemKey, sequenceNumber, code: error.code });
  if (lost > 0) parts.logger.critical("records are lost: backfill the views", { ...told, lost });
  else parts.logger.warn("a batch that was given up is in quarantine", { ...told, parked });
  parts.metrics.addMetric("givenUp", "Count", parked);
  parts.metrics.addMetric("lost", "Count", lost);
  parts.metrics.publishStoredMetrics();
}

async function parkMessage(
  parts: FailuresHandlerParts,
  { messageId, body }: SQSRecord,
  { code, message }: MillraceError,
  deadline: Deadline,
): Promise<void> {
  parts.logger.error("a message about nothing known is in quarantine", { messageId, body });
  const { clock, quarantine } = parts;
  await insist({ clock, deadline, retry: DEFAULT_RETRY }, () =>
    quarantine.park({
      ...{ view: ANY_VIEW, source: "unknown", itemKey: messageId, position: messageId },
      ...{ records: [], error: { code, message }, parkedAtMs: clock.nowMs() },
    }),
  );
  // Somebody has to look at it, as at any other entry.
  parts.metrics.addMetric("givenUp", "Count", 1);
  parts.metrics.publishStoredMetrics();
}
