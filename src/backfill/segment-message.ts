import { MillraceError } from "../errors.js";

/** One segment of a backfill, as a message of a queue: whoever takes it finds how far it is in the state table. */
export interface SegmentMessage {
  /** Declared name of the source's table. */
  readonly source: string;
  /** Id of the run. */
  readonly run: string;
  readonly segment: number;
  /** Parts of the run; for whoever reads the queue. */
  readonly of: number;
  /** Which items, where not all: a predicate as data, in JSON. */
  readonly where?: string;
}

/** Where segments wait for somebody to work on them. */
export interface SegmentQueue {
  /** Durable when it resolves. */
  send(messages: readonly SegmentMessage[]): Promise<void>;
}

/**
 * Reads a message.
 *
 * @throws `malformed-record` for anything else.
 */
export function parseSegmentMessage(body: string): SegmentMessage {
  try {
    const message = JSON.parse(body) as Partial<SegmentMessage>;
    const { source, run, segment } = message;
    if (typeof source === "string" && typeof run === "string" && Number.isInteger(segment))
      return message as SegmentMessage;
  } catch {
    // Told below, like any other text that is no segment.
  }
  throw new MillraceError(
    "malformed-record",
    `${body.slice(0, 200)} is no segment of a backfill; millrace backfill --queue sends {"source":…,"run":…,"segment":…}`,
  );
}
