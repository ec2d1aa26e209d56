import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";

import { messageOf, MillraceError } from "../errors.js";
import { furthest } from "../state/backfill-state.js";
import type { SourceItems } from "../upkeep/source-items.js";
import { type Declarations, isNotification, viewsOf } from "../view/declarations.js";
import type { View } from "../view/view.js";
import type { BackfillParts } from "./backfill-parts.js";
import { settleEarlierRuns } from "./run-backfill.js";
import { readScope } from "./scope.js";
import { parseSegmentMessage, type SegmentMessage, type SegmentQueue } from "./segment-message.js";
import { createSegmentWorker } from "./work-segment.js";

/** What {@link createSegmentHandler} takes. */
export interface SegmentHandlerParts {
  readonly declarations: Declarations;
  readonly parts: BackfillParts;
  readonly items: SourceItems;
  readonly queue: SegmentQueue;
  /** Notes that a backfill of all items of these views is done: whoever began it need not be there any more. */
  readonly noteDone: (views: readonly View[], startedAtMs: number) => Promise<void>;
  readonly log: {
    info(message: string, details: object): void;
    error(message: string, details: object): void;
  };
}

/** A Lambda handler of a queue of segments. */
export type SegmentHandler = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** Share of an invocation's time that is left to what comes after the last page. */
const SHARE_KEPT = 0.1;

/**
 * Makes the handler that works on segments of backfills: until a tenth of its time is left, and then sends on what remains.
 *
 * What remains is the same message, since the position is in the state table. A message that fails comes again by the
 * queue's own rules; one delivered twice makes two workers of one segment, which is wasteful and right.
 */
export function createSegmentHandler(handler: SegmentHandlerParts): SegmentHandler {
  return async ({ Records }, context) => {
    const stopsAtMs = context.getRemainingTimeInMillis() * SHARE_KEPT;
    const isStopping = () => context.getRemainingTimeInMillis() < stopsAtMs;
    const failed: string[] = [];
    for (const { messageId, body } of Records) {
      try {
        const message = parseSegmentMessage(body);
        const worker = `${context.awsRequestId}-${messageId}`;
        await workOn(handler, message, worker, isStopping);
      } catch (thrown) {
        handler.log.error("segment failed", { messageId, body, error: messageOf(thrown) });
        failed.push(messageId);
      }
    }
    return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}

async function workOn(
  { declarations, parts, items, queue, noteDone, log }: SegmentHandlerParts,
  message: SegmentMessage,
  worker: string,
  isStopping: () => boolean,
): Promise<void> {
  const { source: table, segment, where } = message;
  const run = (await parts.state.runs(table)).find(({ id }) => id === message.run);
  if (!run) throw new MillraceError("refused", `there is no backfill ${message.run} of ${table}`);
  const allViews = viewsOf(declarations, table).filter((view) => !isNotification(view));
  const views = allViews.filter(({ name }) => run.views.includes(name));
  const [first] = views;
  if (!first || views.length < run.views.length)
    throw new MillraceError(
      "configuration",
      `backfill ${run.id} is of ${run.views.join(", ")}, which are not all declared; deploy the declarations it was started with`,
    );
  const { source } = first;
  const pages = readScope(source, where === undefined ? {} : { where }).pages(items);
  const job = { run, source, views, pages, worker };
  // Once a run is enough, and the command that began it may have no way to the cache.
  if (segment === 0) await settleEarlierRuns(parts, job, allViews);
  const segments = createSegmentWorker(parts, job);
  const state = await segments.work(segment, { isStopping });
  const { scanned, done } = state;
  log.info(done ? "segment done" : "segment goes on", { run: run.id, segment, scanned });
  if (!done) return queue.send([message]);
  const states = furthest(await parts.state.segments(table, run.id));
  const isWhole = Array.from({ length: run.segments }, (_, i) => states.get(i)?.done).every(
    Boolean,
  );
  if (!isWhole || run.finishedAtMs !== undefined) return;
  if (where === undefined) await noteDone(views, run.startedAtMs);
  await parts.state.saveRun({ ...run, finishedAtMs: parts.clock.nowMs() });
}
