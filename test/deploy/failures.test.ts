import { describe, expect, test } from "@jest/globals";

import { failureResources } from "../../src/deploy/failures.js";
import { stageOf } from "../../src/deploy/stage.js";

const resources = failureResources(stageOf("shop", "prod"));
const bucket = resources["FailuresBucket"]!;
const queue = { "Fn::GetAtt": ["FailuresQueue", "Arn"] };

describe("G39: what Lambda gives up", () => {
  test("is kept whole in a bucket for 30 days, a month longer than the stream has it", () => {
    expect(bucket.Properties["LifecycleConfiguration"]).toEqual({
      Rules: [{ Id: "expire", Status: "Enabled", ExpirationInDays: 30 }],
    });
  });

  test("is told of by a queue, for as long as SQS can, fourteen days", () => {
    expect(bucket.Properties["NotificationConfiguration"]).toEqual({
      QueueConfigurations: [{ Event: "s3:ObjectCreated:*", Queue: queue }],
    });
    expect(resources["FailuresQueue"]?.Properties["MessageRetentionPeriod"]).toBe(1_209_600);
  });

  test("is encrypted, and open to nobody outside the account", () => {
    expect(bucket.Properties).toMatchObject({
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
    });
  });

  test("outlives the stack where the stage keeps data", () => {
    expect(bucket.DeletionPolicy).toBe("Retain");
    expect(failureResources(stageOf("shop", "dev"))["FailuresBucket"]?.DeletionPolicy).toBe(
      "Delete",
    );
  });
});

describe("the queue of failures", () => {
  test("takes messages from S3 alone, for buckets of this account, before S3 tries it", () => {
    const [statement] = (
      resources["FailuresQueuePolicy"]?.Properties["PolicyDocument"] as { Statement: unknown[] }
    ).Statement;
    expect(statement).toEqual({
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: queue,
      Condition: {
        StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } },
        ArnLike: { "aws:SourceArn": { "Fn::Sub": "arn:${AWS::Partition}:s3:::*" } },
      },
    });
    expect(bucket.DependsOn).toEqual(["FailuresQueuePolicy"]);
  });
});
