import { createRequire } from "node:module";

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { ConfigValue } from "../../../src/cli/serverless/read-serverless-config.js";
import { resourcesOf, streamFunctions } from "../../../src/cli/serverless/stream-functions.js";
import { settingsOf } from "../../../src/local/event-source-mapping/mapping-request.js";

const ARN = "arn:aws:dynamodb:us-east-1:111111111111:table/orders/stream/2026-01-01T00:00:00.000";

/** What the Serverless Framework itself makes of a stream event. */
function compiled(stream: unknown): Record<string, unknown> {
  const load = createRequire(import.meta.url);
  const Compile = load("serverless/lib/plugins/aws/package/compile/events/stream.js") as new (
    serverless: unknown,
  ) => { compileStreamEvents(): void };
  const Resources: Record<string, { Properties: Record<string, unknown> }> = {};
  const fn = { name: "f", handler: "f.handler", events: [{ stream }] };
  const provider = {
    naming: { getStreamLogicalId: () => "Mapping", getLambdaLogicalId: () => "F" },
    resolveFunctionIamRoleResourceName: () => undefined,
  };
  new Compile({
    getProvider: () => provider,
    configSchemaHandler: { defineFunctionEvent: () => undefined },
    service: {
      provider: { compiledCloudFormationTemplate: { Resources } },
      functions: { f: fn },
      getAllFunctions: () => ["f"],
      getFunction: () => fn,
    },
  }).compileStreamEvents();
  return Resources["Mapping"]!.Properties;
}

function mappingOf(stream: ConfigValue) {
  const config = { functions: { f: { handler: "f.handler", events: [{ stream }] } } };
  return streamFunctions(config)[0]!.mappings[0]!;
}

const events = fc.record(
  {
    batchSize: fc.integer({ min: 1, max: 10_000 }),
    batchWindow: fc.integer({ min: 0, max: 300 }),
    parallelizationFactor: fc.integer({ min: 1, max: 10 }),
    startingPosition: fc.constantFrom("LATEST", "TRIM_HORIZON"),
    enabled: fc.boolean(),
    maximumRetryAttempts: fc.integer({ min: -1, max: 10_000 }),
    maximumRecordAgeInSeconds: fc.integer({ min: 60, max: 604_800 }),
    bisectBatchOnFunctionError: fc.boolean(),
    functionResponseType: fc.constant("ReportBatchItemFailures"),
    filterPatterns: fc.constant([{ eventName: ["INSERT"] }]),
  },
  { requiredKeys: [] },
);

describe("G19: a stream event of a serverless.yml", () => {
  test("is mapped here as the Serverless Framework deploys it", () => {
    fc.assert(
      fc.property(events, (event) => {
        const stream = { type: "dynamodb", arn: ARN, ...event };
        const { FunctionName: _name, ...properties } = compiled(stream);
        const deployed = Object.entries(properties).filter(([, value]) => value !== undefined);
        expect(mappingOf(stream as ConfigValue).request).toEqual(Object.fromEntries(deployed));
      }),
      { numRuns: 50 },
    );
    expect(mappingOf(ARN).request).toMatchObject({
      BatchSize: 10,
      StartingPosition: "TRIM_HORIZON",
    });
  });

  test("gives the local mapping every setting", () => {
    const { request } = mappingOf({
      arn: ARN,
      batchSize: 5,
      tumblingWindowInSeconds: 30,
      functionResponseType: "ReportBatchItemFailures",
    });
    expect(settingsOf(request)).toEqual({
      batchSize: 5,
      startingPosition: "TRIM_HORIZON",
      tumblingWindowInSeconds: 30,
      reportBatchItemFailures: true,
      filterPatterns: [],
    });
  });
});

describe("the functions of a serverless.yml", () => {
  const resources = [
    {
      Resources: {
        Orders: { Type: "AWS::DynamoDB::Table", Properties: { TableName: "orders-dev" } },
      },
    },
    { Resources: { Failures: { Type: "AWS::SQS::Queue", Properties: { QueueName: "failures" } } } },
  ];
  const stream = {
    type: "dynamodb",
    arn: { "Fn::GetAtt": ["Orders", "StreamArn"] },
    destinations: { onFailure: { type: "sqs", arn: { "Fn::GetAtt": ["Failures", "Arn"] } } },
  };

  test("have their names, limits, environment, tables and failure destinations", () => {
    const config = {
      service: "shop",
      provider: { stage: "dev", timeout: 20, environment: { A: "1", B: "2" } },
      functions: {
        copy: {
          handler: "src/copy.handler",
          memorySize: 512,
          environment: { B: { Ref: "Orders" }, C: { "Fn::ImportValue": "x" } },
          events: [{ stream }, { http: "GET /" }],
        },
        other: { handler: "x.y", events: [{ stream: { type: "kinesis", arn: "arn" } }] },
        plain: { handler: "x.z" },
      },
      resources,
    };
    expect(streamFunctions(config)).toEqual([
      {
        name: "shop-dev-copy",
        handler: "src/copy.handler",
        timeoutSeconds: 20,
        memoryLimitInMB: 512,
        environment: { A: "1", B: "orders-dev" },
        mappings: [
          {
            table: "orders-dev",
            request: expect.objectContaining({ BatchSize: 10, Enabled: true }),
            onFailureArn: "arn:aws:sqs:us-east-1:000000000000:failures",
          },
        ],
      },
    ]);
    expect(Object.keys(resourcesOf(config))).toEqual(["Orders", "Failures"]);
  });

  test("are refused together, where a table cannot be known or AWS would refuse a setting", () => {
    const functions = {
      a: { events: [{ stream: { type: "dynamodb", arn: { "Fn::ImportValue": "x" } } }] },
      b: { events: [{ stream: { ...stream, batchSize: 10_001 } }] },
    };
    expect(() => streamFunctions({ functions, resources })).toThrow(
      /2 mistakes[^]*function a: the table of \{"Fn::ImportValue":"x"\} cannot be known here[^]*function b: stream of orders-dev: 1 validation error detected: Value '10001' at 'batchSize'/,
    );
  });
});
