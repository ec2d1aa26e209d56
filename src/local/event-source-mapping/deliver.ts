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
import type { Clock } from "./clock.js";
import type { LocalFunction } from "./invoke.js";
import type { MappingEvents } from "./mapping-events.js";
import { type InvocationOutcome, readResponse } from "./response.js";
import type { MappingSettings } from "./settings.js";
import { eventJson, type MappedRecord } from "./stream-event.js";
import {
  isOversized,
  type OpenWindow,
  readWindowResponse,
  type WindowCall,
  windowFields,
  type WindowState,
} from "./tumbling-window.js";

/** Records that were given up, with what their failure destination is told. */
export interface Discarded {
  readonly shardId: string;
  readonly attempt: Attempt<MappedRecord>;
  readonly condition: DiscardCondition;
  /** Whether the last try ended by an error of the function. */
  readonly thrown: boolean;
  /** The event of the last try, as JSON. */
  readonly payload: string;
  readonly call?: WindowCall;
}

/** What delivering needs to know. */
export interface Delivery {
  readonly shardId: string;
  readonly streamArn: string;
  readonly function: LocalFunction;
  readonly settings: MappingSettings;
  readonly events: EventEmitter<MappingEvents>;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Tells whoever wants to know of records that are given up. */
  readonly onDiscard: (discarded: Discarded) => Promise<void>;
}

/** Records to deliver, in a tumbling window where the mapping has them; none for a window's last call. */
export interface Batch {
  readonly records: readonly MappedRecord[];
  readonly call?: WindowCall;
}

/** Told of records that need no delivery any more, in their order, with the window as it is then. */
export type OnSettled = (
  records: readonly MappedRecord[],
  window: OpenWindow | undefined,
) => Promise<void>;

/** How a delivery ended: `finished` unless the mapping stopped before. */
export interface Delivered {
  readonly finished: boolean;
  /** The window with the state that was handed on last. */
  readonly window?: OpenWindow;
}

/** Delivers a batch until each of its records is done or discarded, or the mapping stops. */
export async function deliver(
  delivery: Delivery,
  { records, call }: Batch,
  onSettled: OnSettled,
): Promise<Delivered> {
  const { settings, signal, clock } = delivery;
  let window = call?.window;
  // Depth first: a half is delivered to its end before the other half is begun.
  const pending: Attempt<MappedRecord>[] = [firstAttempt(records, randomUUID)];
  for (let attempt = pending.pop(); attempt !== undefined; attempt = pending.pop()) {
    if (signal.aborted) return ended(false, window);
    const { expired, rest } = dropExpired(
      attempt,
      settings.maximumRecordAgeInSeconds,
      clock.nowMs(),
      randomUUID,
    );
    const present = call && window && { ...call, window };
    if (expired.length > 0) {
      const given = { ...attempt, records: expired, invocations: Math.max(1, attempt.invocations) };
      await discard(delivery, given, "RecordAgeExceeded", false, present);
      await onSettled(expired, window);
    }
    if (rest === undefined) continue;
    const { outcome, state } = await invokeOnce(delivery, rest, present);
    if (window && state) window = await handOn(delivery, { ...window, state });
    const decision = decide(rest, outcome, settings, randomUUID);
    switch (decision.type) {
      case "done":
        await onSettled(rest.records, window);
        break;
      case "deliver": {
        const left = decision.attempts.reduce((sum, each) => sum + each.records.length, 0);
        const done = rest.records.slice(0, rest.records.length - left);
        if (done.length > 0) await onSettled(done, window);
        pending.push(...[...decision.attempts].reverse());
        break;
      }
      case "retry":
        pending.push(decision.attempt);
        await clock.sleep(decision.delayMs, signal);
        break;
      case "discard": {
        const given = { ...rest, records: decision.records, invocations: decision.invocations };
        const thrown = outcome.type === "failure" && outcome.thrown;
        await discard(delivery, given, decision.condition, thrown, present);
        await onSettled(decision.records, window);
        break;
      }
      default:
        return unreachable(decision);
    }
  }
  return ended(true, window);
}

function ended(finished: boolean, window: OpenWindow | undefined): Delivered {
  return { finished, ...(window && { window }) };
}

/** A window whose state is too large to be handed on ends early, at once, and begins anew. */
async function handOn(delivery: Delivery, window: OpenWindow): Promise<OpenWindow> {
  if (!isOversized(window.state)) return window;
  const call = { window, isFinal: true, isTerminatedEarly: true };
  const { finished } = await deliver(delivery, { records: [], call }, async () => undefined);
  return finished ? { ...window, state: {} } : window;
}

function payloadOf(
  { shardId, streamArn }: Delivery,
  records: readonly MappedRecord[],
  call: WindowCall | undefined,
): string {
  return eventJson(records, call && windowFields(call, shardId, streamArn));
}

async function invokeOnce(
  delivery: Delivery,
  { records, requestId }: Attempt<MappedRecord>,
  call: WindowCall | undefined,
): Promise<{ readonly outcome: InvocationOutcome; readonly state?: WindowState }> {
  const { settings, events, shardId, clock } = delivery;
  const payload = payloadOf(delivery, records, call);
  const { response, error, durationMs } = await delivery.function.invoke(payload, requestId);
  const numbers = records.map(({ sequenceNumber }) => sequenceNumber);
  const read = (): { outcome: InvocationOutcome; state?: WindowState } => {
    if (error !== undefined) return { outcome: { type: "failure", thrown: true } };
    if (call)
      return readWindowResponse(response, numbers, settings.reportBatchItemFailures, call.isFinal);
    return { outcome: readResponse(response, numbers, settings.reportBatchItemFailures) };
  };
  const result = read();
  const newest = records[records.length - 1]?.createdAtSeconds;
  events.emit("invoked", {
    shardId,
    requestId,
    records: records.map(({ record }) => record),
    outcome: result.outcome,
    durationMs,
    iteratorAgeMs: newest === undefined ? 0 : Math.max(0, clock.nowMs() - newest * 1000),
    ...(error !== undefined && { error }),
    ...(call && { call }),
  });
  return result;
}

async function discard(
  delivery: Delivery,
  attempt: Attempt<MappedRecord>,
  condition: DiscardCondition,
  thrown: boolean,
  call: WindowCall | undefined,
): Promise<void> {
  const { events, shardId } = delivery;
  const payload = payloadOf(delivery, attempt.records, call);
  events.emit("discarded", {
    shardId,
    records: attempt.records.map(({ record }) => record),
    condition,
    invocations: attempt.invocations,
  });
  await delivery.onDiscard({
    ...{ shardId, attempt, condition, thrown, payload },
    ...(call && { call }),
  });
}
