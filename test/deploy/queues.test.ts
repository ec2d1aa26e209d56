import { describe, expect, test } from "@jest/globals";

import { SILENT_MS } from "../../src/backfill/enqueue-segments.js";
import { functionSpecs } from "../../src/deploy/functions.js";
import { mappingResources } from "../../src/deploy/mappings.js";
import { resourcesOf } from "../../src/deploy/resources.js";
import { deploymentOf, orderCards, ordersByCustomer } from "./declared.js";

const deployment = deploymentOf();
const resources = resourcesOf(deployment);
/** What only tells of changes, so that there is nothing to backfill. */
const told = { ...orderCards, name: "told", type: "stream" as const };
const QUEUES = [
  { name: "failures", queue: "FailuresQueue", deadLetters: "FailuresDeadLetterQueue" },
  { name: "backfill", queue: "BackfillQueue", deadLetters: "BackfillDeadLetterQueue" },
];

function propertiesOf(name: string): Readonly<Record<string, unknown>> {
  return resources[name]?.Properties ?? {};
}

function timeoutOf(functionName: string): number {
  return functionSpecs(deployment).find(({ name }) => name === functionName)!.timeoutSeconds;
}

describe("the queues of a deployment", () => {
  test("are one for each function that is not called by streams, and one beside it, and no others", () => {
    const queues = Object.entries(resources).filter(([, { Type }]) => Type === "AWS::SQS::Queue");
    expect(queues.map(([name]) => name)).toEqual(
      QUEUES.flatMap(({ queue, deadLetters }) => [queue, deadLetters]),
    );
    const without = resourcesOf(deploymentOf({}, { told }));
    expect(without).not.toHaveProperty("BackfillQueue");
    expect(without).not.toHaveProperty("QueueEndpoint");
  });

  test.each(QUEUES)(
    "G67: that of $name is handed a message five times, and then it is kept for a person, for as long as SQS can",
    ({ queue, deadLetters }) => {
      expect(propertiesOf(queue)["RedrivePolicy"]).toEqual({
        deadLetterTargetArn: { "Fn::GetAtt": [deadLetters, "Arn"] },
        maxReceiveCount: 5,
      });
      expect(propertiesOf(deadLetters)).not.toHaveProperty("RedrivePolicy");
      for (const name of [queue, deadLetters])
        expect(propertiesOf(name)).toMatchObject({
          MessageRetentionPeriod: 14 * 24 * 60 * 60,
          SqsManagedSseEnabled: true,
        });
    },
  );

  test.each(QUEUES)(
    "N28: a message that $name may still be working on is handed to nobody else",
    ({ name, queue }) => {
      expect(propertiesOf(queue)["VisibilityTimeout"]).toBe(6 * timeoutOf(name));
    },
  );

  test("bring a segment whose function died back before the command takes it for abandoned", () => {
    const seconds = propertiesOf("BackfillQueue")["VisibilityTimeout"] as number;
    expect(seconds * 1000).toBeLessThanOrEqual(SILENT_MS);
  });
});

describe("the mappings of queues", () => {
  const mappings = Object.fromEntries(
    Object.entries(mappingResources(deployment)).filter(([name]) => name.endsWith("QueueMapping")),
  );

  test("G66: map what Lambda gave up, and segments of backfills, to their functions", () => {
    const pairs = Object.values(mappings).map(({ Properties }) => [
      Properties["EventSourceArn"],
      Properties["FunctionName"],
    ]);
    expect(pairs).toEqual([
      [
        { "Fn::GetAtt": ["FailuresQueue", "Arn"] },
        { "Fn::GetAtt": ["FailuresLambdaFunction", "Arn"] },
      ],
      [
        { "Fn::GetAtt": ["BackfillQueue", "Arn"] },
        { "Fn::GetAtt": ["BackfillLambdaFunction", "Arn"] },
      ],
    ]);
  });

  test.each(Object.entries(mappings))(
    "hand over one message a call, and take from the queue what was finished alone: %s",
    (_name, { Properties }) => {
      expect(Properties).toMatchObject({
        BatchSize: 1,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        MetricsConfig: { Metrics: ["EventCount"] },
      });
      // Neither is a stream's.
      for (const name of ["StartingPosition", "DestinationConfig", "BisectBatchOnFunctionError"])
        expect(Properties).not.toHaveProperty(name);
    },
  );

  test("are bounded: two batches given up at once, and four segments", () => {
    const atOnce = Object.entries(mappings).map(([name, { Properties }]) => [
      name,
      Properties["ScalingConfig"],
    ]);
    expect(atOnce).toEqual([
      ["FailuresQueueMapping", { MaximumConcurrency: 2 }],
      ["BackfillQueueMapping", { MaximumConcurrency: 4 }],
    ]);
  });
});

describe("G68: the way from the cache's network to the queue of backfills", () => {
  test("is an endpoint that lets through sending to that queue, and nothing else", () => {
    expect(propertiesOf("QueueEndpoint")).toMatchObject({
      VpcEndpointType: "Interface",
      ServiceName: { "Fn::Sub": "com.amazonaws.${AWS::Region}.sqs" },
      // So that the queue's own address leads to it.
      PrivateDnsEnabled: true,
      VpcId: { Ref: "CacheVpc" },
      SubnetIds: [{ Ref: "CacheSubnetA" }],
      PolicyDocument: {
        Statement: [
          {
            Effect: "Allow",
            Action: ["sqs:SendMessage"],
            Resource: [{ "Fn::GetAtt": ["BackfillQueue", "Arn"] }],
          },
        ],
      },
    });
  });

  test("is open to the functions that use the cache, and to nobody else", () => {
    expect(propertiesOf("QueueEndpoint")["SecurityGroupIds"]).toEqual([
      { "Fn::GetAtt": ["QueueEndpointSecurityGroup", "GroupId"] },
    ]);
    expect(propertiesOf("QueueEndpointSecurityGroup")).toMatchObject({
      SecurityGroupIngress: [
        {
          FromPort: 443,
          ToPort: 443,
          SourceSecurityGroupId: { "Fn::GetAtt": ["CacheFunctionSecurityGroup", "GroupId"] },
        },
      ],
      SecurityGroupEgress: [{ CidrIp: "127.0.0.1/32" }],
    });
  });

  test("is made, and paid for, only where the network is the deployment's own", () => {
    const tablesOnly = resourcesOf(deploymentOf({}, { ordersByCustomer }));
    const existing = resourcesOf(deploymentOf({ redisUrl: "rediss://cache:6379" }));
    for (const each of [tablesOnly, existing]) {
      expect(each).toHaveProperty("BackfillQueue");
      expect(each).not.toHaveProperty("QueueEndpoint");
    }
  });
});
