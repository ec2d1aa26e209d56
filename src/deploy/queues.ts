import { BACKFILL_TIMEOUT_SECONDS, type FunctionPlan, queuePlans } from "./function-plans.js";
import { logicalName } from "./logical-name.js";
import { attribute, type Resource, type Resources } from "./template.js";

/** Logical name of the queue that calls a function. */
export function queueLogicalName(functionName: string): string {
  return logicalName(functionName, "Queue");
}

/** Logical name of the queue of messages that the function could not take. */
export function deadLetterLogicalName(functionName: string): string {
  return logicalName(functionName, "DeadLetterQueue");
}

/** Logical name of the queue of segments of backfills. */
export const BACKFILL_QUEUE = queueLogicalName("backfill");

/**
 * How long a message that a function has is kept from others, in times-out of the function: room for Lambda to try again
 * where the function was throttled. Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
 */
const VISIBLE_AFTER_TIMEOUTS = 6;

/** Times that a message is handed to a function: fewer would give up what a throttled function never saw (same source). */
const MOST_RECEIVES = 5;

/** Fourteen days, the most there is. */
const KEPT_SECONDS = 14 * 24 * 60 * 60;

/** A queue that calls a function, and beside it one for what that could not take. */
export function workQueue(functionName: string, timeoutSeconds: number): Resources {
  const deadLetters = deadLetterLogicalName(functionName);
  return {
    [queueLogicalName(functionName)]: queue({
      VisibilityTimeout: VISIBLE_AFTER_TIMEOUTS * timeoutSeconds,
      RedrivePolicy: {
        deadLetterTargetArn: attribute(deadLetters, "Arn"),
        maxReceiveCount: MOST_RECEIVES,
      },
    }),
    [deadLetters]: queue({}),
  };
}

/** The queue of backfills, where there are views to be backfilled. */
export function backfillQueueResources(plans: readonly FunctionPlan[]): Resources {
  const isNeeded = queuePlans(plans).some(({ work }) => work === "backfill");
  return isNeeded ? workQueue("backfill", BACKFILL_TIMEOUT_SECONDS) : {};
}

function queue(properties: Resource["Properties"]): Resource {
  return {
    Type: "AWS::SQS::Queue",
    Properties: {
      ...properties,
      MessageRetentionPeriod: KEPT_SECONDS,
      SqsManagedSseEnabled: true,
    },
  };
}
