import { randomUUID } from "node:crypto";
import type { EventEmitter } from "node:events";

import { unreachable } from "../../errors.js";
import {
  type Attempt,
  decide,
  type DiscardCondition,
  dropExpired,
  firstAttempt,
} from "./batch-machine.js";
import { type FunctionSettings, invoke } from "./invoke.js";
import type { MappingEvents } from "./mapping-events.js";
import type { MappingSettings } from "./settings.js";
import type { MappedRecord } from "./stream-event.js";

/** What delivering needs to know. */
export interface Delivery {
  readonly shardId: string;
  readonly function: FunctionSettings;
  readonly settings: MappingSettings;
  readonly events: EventEmitter<MappingEvents>;
  readonly signal: AbortSignal;
  /** Waits, or returns early when the mapping stops. */
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * Delivers a batch until each of its records is done or discarded, or the mapping stops.
 *
 * @param onProgress told the last record such that it and all before it need not be delivered again.
 * @returns whether the batch is finished.
 */
export async function deliver(
  delivery: Delivery,
  records: readonly MappedRecord[],
  onProgress: (last: MappedRecord) => Promise<void>,
): Promise<boolean> {
  const { settings, signal, sleep } = delivery;
  // Depth first: a half is delivered to its end before the other half is begun.
  const pending: Attempt<MappedRecord>[] = [firstAttempt(records, randomUUID)];
  let done = 0;
  const finish = async (count: number) => {
    done += count;
    const last = records[done - 1];
    if (last && count > 0) await onProgress(last);
  };
  for (let attempt = pending.pop(); attempt !== undefined; attempt = pending.pop()) {
    if (signal.aborted) return false;
    const { expired, rest } = dropExpired(
      attempt,
      settings.maximumRecordAgeInSeconds,
      Date.now(),
      randomUUID,
    );
    if (expired.length > 0) {
      discard(delivery, expired, "RecordAgeExceeded", 1);
      await finish(expired.length);
    }
    if (rest === undefined) continue;
    const decision = decide(rest, await invokeOnce(delivery, rest), settings, randomUUID);
    switch (decision.type) {
      case "done":
        await finish(rest.records.length);
        break;
      case "deliver":
        await finish(
          rest.records.length -
            decision.attempts.reduce((sum, each) => sum + each.records.length, 0),
        );
        pending.push(...[...decision.attempts].reverse());
        break;
      case "retry":
        await sleep(decision.delayMs);
        pending.push(decision.attempt);
        break;
      case "discard":
        discard(delivery, decision.records, decision.condition, decision.invocations);
        await finish(decision.records.length);
        break;
      default:
        return unreachable(decision);
    }
  }
  return true;
}

async function invokeOnce(
  { function: called, settings, events, shardId }: Delivery,
  attempt: Attempt<MappedRecord>,
) {
  const records = attempt.records.map(({ record }) => record);
  const { outcome, error, durationMs } = await invoke(
    called,
    records,
    attempt.requestId,
    settings.reportBatchItemFailures,
  );
  const newest = attempt.records[attempt.records.length - 1]?.createdAtSeconds ?? 0;
  events.emit("invoked", {
    shardId,
    requestId: attempt.requestId,
    records,
    outcome,
    durationMs,
    iteratorAgeMs: Math.max(0, Date.now() - newest * 1000),
    ...(error !== undefined && { error }),
  });
  return outcome;
}

function discard(
  { events, shardId }: Delivery,
  records: readonly MappedRecord[],
  condition: DiscardCondition,
  invocations: number,
): void {
  events.emit("discarded", {
    shardId,
    records: records.map(({ record }) => record),
    condition,
    invocations,
  });
}
