import type { Resource } from "./tables.js";

/** Logical name of the queue for what Lambda gives up. */
export const FAILURES_QUEUE = "FailuresQueue";

/** The queue's ARN, as CloudFormation fills it in. */
export const FAILURES_ARN = { "Fn::GetAtt": [FAILURES_QUEUE, "Arn"] };

/**
 * The queue that is told which records Lambda gave up, and where in the stream they are.
 *
 * Fourteen days, the most SQS keeps: far longer than the day the stream itself keeps the records.
 */
export function failuresQueue(): Resource {
  return {
    Type: "AWS::SQS::Queue",
    Properties: { MessageRetentionPeriod: 14 * 24 * 60 * 60, SqsManagedSseEnabled: true },
  };
}
