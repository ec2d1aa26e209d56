import { type InvocationOutcome, readResponse } from "./response.js";

/** A tumbling window that is open in a shard, and what its function aggregated so far. */
export interface OpenWindow {
  /** Unix time in milliseconds, a multiple of the window's length. */
  readonly startMs: number;
  readonly endMs: number;
  readonly state: WindowState;
}

/** What a function hands itself from call to call of a window. */
export type WindowState = Readonly<Record<string, unknown>>;

/** Which call of a window it is. */
export interface WindowCall {
  readonly window: OpenWindow;
  readonly isFinal: boolean;
  readonly isTerminatedEarly: boolean;
}

/** Largest state, as JSON, that is handed on. */
const MAX_STATE_BYTES = 1_048_576;
/**
 * How long after its end a window without any later record is closed.
 *
 * AWS was seen not to close one within 55 seconds; others tell of about two minutes.
 */
const IDLE_CLOSE_MS = 120_000;

/** The window a record falls in, by the second it was written: bounds are multiples of the length since the epoch. */
export function windowOf(
  createdAtSeconds: number,
  lengthSeconds: number,
): Omit<OpenWindow, "state"> {
  const startMs = Math.floor(createdAtSeconds / lengthSeconds) * lengthSeconds * 1000;
  return { startMs, endMs: startMs + lengthSeconds * 1000 };
}

/** A window with nothing aggregated yet, for a record that is the first of it. */
export function openWindow(createdAtSeconds: number, lengthSeconds: number): OpenWindow {
  return { ...windowOf(createdAtSeconds, lengthSeconds), state: {} };
}

/** Whether a record belongs to a later window than the open one; one that is late stays in the open one. */
export function isAfter(window: OpenWindow, createdAtSeconds: number): boolean {
  return createdAtSeconds * 1000 >= window.endMs;
}

/** Unix time in milliseconds at which a window is closed though no later record came. */
export function idleCloseAtMs(window: OpenWindow): number {
  return window.endMs + IDLE_CLOSE_MS;
}

/** Whether a state is too large to be handed on, so that the window ends early. */
export function isOversized(state: WindowState): boolean {
  return Buffer.byteLength(JSON.stringify(state)) > MAX_STATE_BYTES;
}

/** What the event of a window's call has behind its records, the keys in Lambda's order. */
export function windowFields(call: WindowCall, shardId: string, eventSourceARN: string) {
  return {
    shardId,
    eventSourceARN,
    window: windowBounds(call.window),
    state: call.window.state,
    isFinalInvokeForWindow: call.isFinal,
    isWindowTerminatedEarly: call.isTerminatedEarly,
  };
}

/** A window's bounds as events and messages tell them: UTC, whole seconds. */
export function windowBounds({ startMs, endMs }: Omit<OpenWindow, "state">) {
  return { start: wholeSeconds(startMs), end: wholeSeconds(endMs) };
}

/** A time in UTC without a fraction, `2026-09-17T14:11:10Z`. */
export function wholeSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/**
 * Reads a handler's response to a window's call.
 *
 * It has to hand on a state, except at the window's end; a response without one fails the whole batch.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-windows.html
 *
 * @returns the outcome, and the state to hand on where there is one: nothing changes while a batch makes no progress.
 */
export function readWindowResponse(
  response: unknown,
  sequenceNumbers: readonly string[],
  reportBatchItemFailures: boolean,
  isFinal: boolean,
): { readonly outcome: InvocationOutcome; readonly state?: WindowState } {
  const outcome = readResponse(response, sequenceNumbers, reportBatchItemFailures);
  if (isFinal) return { outcome };
  const state = (response as { state?: unknown } | null | undefined)?.state;
  if (typeof state !== "object" || state === null || Array.isArray(state))
    return { outcome: { type: "failure", thrown: false } };
  const progresses =
    outcome.type === "success" || (outcome.type === "partial" && outcome.index > 0);
  return progresses ? { outcome, state: state as WindowState } : { outcome };
}
