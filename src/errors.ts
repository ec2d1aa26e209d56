/**
 * The one family of errors Millrace raises.
 *
 * - `configuration`: a declaration, a setting or the environment is wrong; nothing starts.
 * - `malformed-record`: a stream record that cannot be decoded.
 * - `view-failed`: a view's function threw.
 * - `invalid-row`: a view's function returned something its sink cannot hold.
 * - `collision`: two source items derive the same row.
 * - `unavailable`: a service did not answer, throttled, or conflicted; trying again can help.
 * - `refused`: a service answered, and said no for good.
 * - `given-up`: Lambda stopped trying a batch; its records were fetched afterwards.
 * - `lost`: the stream no longer had what Lambda gave up.
 */
export type ErrorCode =
  | "configuration"
  | "malformed-record"
  | "view-failed"
  | "invalid-row"
  | "collision"
  | "unavailable"
  | "refused"
  | "given-up"
  | "lost";

/** Where an error happened; every field is optional and printable. */
export interface ErrorContext {
  readonly view?: string;
  readonly source?: string;
  readonly key?: string;
  readonly sequenceNumber?: string;
}

/** What {@link MillraceError} takes besides its message. */
export interface MillraceErrorOptions {
  /** Whether trying the same thing again, unchanged, can succeed. Defaults to `code === "unavailable"`. */
  readonly retriable?: boolean;
  readonly cause?: unknown;
  readonly context?: ErrorContext;
}

const BRAND = Symbol.for("millrace.error");

/**
 * An error that says what is wrong, with which value, and what to do.
 *
 * Recognise it by {@link isMillraceError}, not by `instanceof`, so that two copies of the package agree.
 */
export class MillraceError extends Error {
  override readonly name = "MillraceError";
  readonly [BRAND] = true;
  readonly code: ErrorCode;
  readonly retriable: boolean;
  readonly context: ErrorContext;

  constructor(code: ErrorCode, message: string, options: MillraceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retriable = options.retriable ?? code === "unavailable";
    this.context = options.context ?? {};
  }
}

/** Whether a value is an error of Millrace's own, from this copy of the package or another. */
export function isMillraceError(value: unknown): value is MillraceError {
  return typeof value === "object" && value !== null && BRAND in value;
}

/** One `configuration` error that lists every mistake found, one a line. */
export function configurationError(subject: string, mistakes: readonly string[]): MillraceError {
  const lines = mistakes.map((mistake) => `  - ${mistake}`).join("\n");
  const count = mistakes.length === 1 ? "1 mistake" : `${mistakes.length} mistakes`;
  return new MillraceError("configuration", `${subject}: ${count}\n${lines}`);
}

/** The message of anything thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Ends a switch over a union: does not compile while a case is missing, and throws if one arrives anyway. */
export function unreachable(value: never): never {
  throw new MillraceError("configuration", `unexpected value ${JSON.stringify(value)}`);
}
