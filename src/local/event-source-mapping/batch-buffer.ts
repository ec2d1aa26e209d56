/** What batching needs to know of a record. */
export interface BufferedRecord {
  /** Bytes of it in the invocation's payload. */
  readonly payloadBytes: number;
  /** Unix time in whole seconds. */
  readonly createdAtSeconds: number;
}

/** When a batch is full. */
export interface BatchLimits {
  readonly batchSize: number;
  /** Unix time in milliseconds at which the open tumbling window ends; later records go into another batch. */
  readonly windowEndMs?: number;
}

/** Bytes of records in one invocation: Lambda takes 6 MB, with everything around the records. */
export const MAX_BATCH_BYTES = 5_900_000;

/**
 * How many records from the first on make up the next batch, and whether it can grow no more: by size, by bytes, or
 * because the next record falls into a later tumbling window.
 *
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html#invocation-eventsourcemapping-batching
 */
export function nextBatch(
  records: readonly BufferedRecord[],
  { batchSize, windowEndMs = Infinity }: BatchLimits,
): { readonly count: number; readonly isFull: boolean } {
  let bytes = 0;
  for (const [count, { payloadBytes, createdAtSeconds }] of records.entries()) {
    bytes += payloadBytes;
    const isTooLarge = count > 0 && bytes > MAX_BATCH_BYTES;
    if (count === batchSize || isTooLarge || createdAtSeconds * 1000 >= windowEndMs)
      return { count, isFull: true };
  }
  return { count: records.length, isFull: records.length === batchSize };
}

/**
 * When the batching window ends that a record opens which finds nothing waiting.
 *
 * A window starts when the invocation before completes; once that one has passed with nothing in it, the next record
 * starts one of its own.
 */
export function batchingWindowEnd(endsAtMs: number, nowMs: number, windowSeconds: number): number {
  return nowMs < endsAtMs ? endsAtMs : nowMs + windowSeconds * 1000;
}
