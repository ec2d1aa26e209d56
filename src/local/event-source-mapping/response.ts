/** What an invocation came to, as the mapping sees it. */
export type InvocationOutcome =
  | { readonly type: "success" }
  /** Records before `index` are done; it and all after it are to be delivered again. */
  | { readonly type: "partial"; readonly index: number }
  /** The whole batch failed; `thrown` tells an error of the function from a response that failed it. */
  | { readonly type: "failure"; readonly thrown: boolean };

const SUCCESS: InvocationOutcome = { type: "success" };
const COMPLETE_FAILURE: InvocationOutcome = { type: "failure", thrown: false };

/**
 * Reads a handler's response as AWS does.
 *
 * Nothing, or an object without failures, is success. A failure that names no record of the batch fails the whole of
 * it. Of several, the lowest sequence number counts, compared as a number: their lengths may differ.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function readResponse(
  response: unknown,
  sequenceNumbers: readonly string[],
  reportBatchItemFailures: boolean,
): InvocationOutcome {
  if (!reportBatchItemFailures || typeof response !== "object" || response === null) return SUCCESS;
  const failures = (response as { batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return SUCCESS;
  if (!Array.isArray(failures)) return COMPLETE_FAILURE;
  if (failures.length === 0) return SUCCESS;
  let lowest: number | undefined;
  for (const failure of failures as unknown[]) {
    const identifier = (failure as { itemIdentifier?: unknown } | null)?.itemIdentifier;
    const index = typeof identifier === "string" ? sequenceNumbers.indexOf(identifier) : -1;
    if (index < 0) return COMPLETE_FAILURE;
    if (lowest === undefined || BigInt(identifier as string) < BigInt(sequenceNumbers[lowest] ?? 0))
      lowest = index;
  }
  return lowest === undefined ? SUCCESS : { type: "partial", index: lowest };
}
