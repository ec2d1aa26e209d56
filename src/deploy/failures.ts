import { FAILURES_TIMEOUT_SECONDS } from "./function-plans.js";
import { queueLogicalName, workQueue } from "./queues.js";
import type { Stage } from "./stage.js";
import { attribute, ref, type Resources, substitute } from "./template.js";

/** Logical name of the bucket that keeps what Lambda gives up. */
export const FAILURES_BUCKET = "FailuresBucket";

/** Logical name of the queue that tells of each object in it. */
export const FAILURES_QUEUE = queueLogicalName("failures");

/** The bucket's ARN, as CloudFormation fills it in. */
export const FAILURES_BUCKET_ARN = attribute(FAILURES_BUCKET, "Arn");

/**
 * Where in the bucket Lambda writes.
 * Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
 */
export const FAILURES_KEY_PREFIX = "aws/lambda/";

/** Days that records are kept after Lambda gave them up. */
const KEPT_DAYS = 30;

/**
 * A bucket for what Lambda gives up, and a queue with a message for each object.
 *
 * A bucket, because Lambda writes the records themselves into one, and into a queue only where in the stream they are,
 * which forgets them hours later. The queue is what the function is mapped to that puts them into quarantine.
 */
export function failureResources({ keepsData }: Stage): Resources {
  const policy = keepsData ? "Retain" : "Delete";
  const policies = { DeletionPolicy: policy, UpdateReplacePolicy: policy } as const;
  return {
    ...workQueue("failures", FAILURES_TIMEOUT_SECONDS),
    FailuresQueuePolicy: queuePolicy(),
    [FAILURES_BUCKET]: {
      Type: "AWS::S3::Bucket",
      // S3 tries the queue when it is told of it.
      DependsOn: ["FailuresQueuePolicy"],
      ...policies,
      Properties: {
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: "AES256" } },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: "BucketOwnerEnforced" }] },
        LifecycleConfiguration: {
          Rules: [{ Id: "expire", Status: "Enabled", ExpirationInDays: KEPT_DAYS }],
        },
        NotificationConfiguration: {
          QueueConfigurations: [
            { Event: "s3:ObjectCreated:*", Queue: attribute(FAILURES_QUEUE, "Arn") },
          ],
        },
      },
    },
  };
}

/** S3, for this account's buckets, may send to the queue; naming the one bucket would make a circle of the two. */
function queuePolicy() {
  return {
    Type: "AWS::SQS::QueuePolicy",
    Properties: {
      Queues: [ref(FAILURES_QUEUE)],
      PolicyDocument: {
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "s3.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: attribute(FAILURES_QUEUE, "Arn"),
            Condition: {
              StringEquals: { "aws:SourceAccount": ref("AWS::AccountId") },
              ArnLike: { "aws:SourceArn": substitute("arn:${AWS::Partition}:s3:::*") },
            },
          },
        ],
      },
    },
  };
}
