import type { LambdaHandler } from "../../src/local/event-source-mapping/invoke.js";

/** A sequence of numbers from 0 to 1 that is the same for the same seed. */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What a soak's handler was given. */
export interface Soak {
  readonly handler: LambdaHandler;
  /** Distinct records so far. */
  delivered(): number;
  /** Deliveries of a record beyond its first. */
  repeated(): number;
  failedCalls(): number;
  /** Records that came before an older one of their item had come: lost, or out of order. */
  readonly skipped: readonly string[];
}

/**
 * A handler that fails at random, at its start or in the middle, and checks that every item's records, numbered `n`
 * from 1 on, come one after the other.
 *
 * @param reports whether it reports the record it failed at, rather than throwing.
 */
export function createSoak(random: () => number, reports: boolean): Soak {
  const last = new Map<string, number>();
  const skipped: string[] = [];
  let delivered = 0;
  let repeated = 0;
  let failedCalls = 0;

  function take(id: string, n: number): void {
    const before = last.get(id) ?? 0;
    if (n > before + 1) skipped.push(`${id}: ${n} after ${before}`);
    if (n > before) {
      last.set(id, n);
      delivered++;
    } else repeated++;
  }

  const handler: LambdaHandler = ({ Records }) => {
    const failsAt = random() < 0.05 ? Math.floor(random() * Records.length) : -1;
    for (const [i, { dynamodb }] of Records.entries()) {
      if (i === failsAt) {
        failedCalls++;
        if (!reports) throw new Error("at random");
        return { batchItemFailures: [{ itemIdentifier: dynamodb?.SequenceNumber }] };
      }
      take(dynamodb?.Keys?.["id"]?.S ?? "", Number(dynamodb?.NewImage?.["n"]?.N));
    }
    return { batchItemFailures: [] };
  };
  return {
    handler,
    skipped,
    delivered: () => delivered,
    repeated: () => repeated,
    failedCalls: () => failedCalls,
  };
}
