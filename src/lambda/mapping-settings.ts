/**
 * How a pipeline wants its event source mappings set, on AWS and on a laptop alike.
 *
 * - `batchSize` 500: consecutive changes of an item are folded, so a larger batch writes less; at 500 a batch of
 *   small items still fits well into 6 MB and into a few seconds.
 * - `maximumRetryAttempts` without end: a batch fails only where trying again helps, after an outage or once a bad deploy
 *   is fixed; whatever cannot be helped is in quarantine. A count would give up records in an outage of minutes.
 * - `maximumRecordAgeInSeconds` 18 h: below the stream's 24, so that what is given up is still there to be fetched.
 */
export const MAPPING_SETTINGS = {
  batchSize: 500,
  maximumBatchingWindowInSeconds: 0,
  parallelizationFactor: 1,
  startingPosition: "TRIM_HORIZON",
  bisectBatchOnFunctionError: true,
  maximumRetryAttempts: -1,
  maximumRecordAgeInSeconds: 18 * 60 * 60,
  reportBatchItemFailures: true,
} as const;

/** Seconds an invocation may take: time to ride out a short outage of a sink, with the retries inside. */
export const FUNCTION_TIMEOUT_SECONDS = 60;
