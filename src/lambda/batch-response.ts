import type { DynamoDBBatchResponse } from "aws-lambda";

import { padSequenceNumber } from "../change/version.js";
import type { BatchReport } from "../pipeline/report.js";

/**
 * The answer to Lambda: nothing, or the one sequence number to resume at (rule V9).
 *
 * Lambda resumes at the lowest identifier reported and delivers everything after it again, so only the lowest means
 * anything. An identifier that is not in the batch would fail the whole of it: ours come from the batch's own records.
 * Requires the event source mapping to have `FunctionResponseTypes: [ReportBatchItemFailures]`.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
 */
export function batchResponse(report: Pick<BatchReport, "unresolved">): DynamoDBBatchResponse {
  let lowest: string | undefined;
  for (const sequenceNumber of report.unresolved) {
    if (lowest === undefined || padSequenceNumber(sequenceNumber) < padSequenceNumber(lowest))
      lowest = sequenceNumber;
  }
  return { batchItemFailures: lowest === undefined ? [] : [{ itemIdentifier: lowest }] };
}
