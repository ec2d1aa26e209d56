import { join } from "node:path";

import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import {
  createEventSourceMapping,
  type EventSourceMapping,
} from "../../src/local/event-source-mapping/create-event-source-mapping.js";
import { endpoint } from "../support/endpoints.js";
import type { AwsStub } from "./aws-stub.js";
import type { Package } from "./package-repository.js";
import { type PackagedFunction, startPackaged } from "./packaged-function.js";

interface LambdaFunction {
  readonly FunctionName: string;
  readonly Handler: string;
  readonly Environment: { readonly Variables: Readonly<Record<string, string | { Ref: string }>> };
}

interface Mapping {
  readonly FunctionName: { readonly "Fn::GetAtt": readonly [string] };
  readonly EventSourceArn: { readonly "Fn::GetAtt": readonly [string] };
  /** A queue's mapping has none. */
  readonly StartingPosition?: string;
  readonly FilterCriteria?: { readonly Filters: readonly { readonly Pattern: string }[] };
  readonly BatchSize: number;
}

/** Makes the template's tables, with its streams. */
export async function createTables({ ofType }: Package, client: DynamoDBClient): Promise<void> {
  for (const [, { Properties }] of ofType("AWS::DynamoDB::Table")) {
    const { TableName, KeySchema, AttributeDefinitions, BillingMode, StreamSpecification } =
      Properties as unknown as CreateTableCommandInput;
    const StreamViewType = StreamSpecification?.StreamViewType;
    await client.send(
      new CreateTableCommand({
        ...{ TableName, KeySchema, AttributeDefinitions, BillingMode },
        ...(StreamViewType && { StreamSpecification: { StreamEnabled: true, StreamViewType } }),
      }),
    );
  }
}

/** Starts a function with the environment that the template gives it, and the test's servers for AWS. */
export function startFunction(
  { ofType, resources, zipOf }: Package,
  name: string,
  folder: string,
  servers: { readonly xrayDaemon: string; readonly aws: AwsStub },
): Promise<PackagedFunction> {
  const found = ofType("AWS::Lambda::Function").map(
    ([, { Properties }]) => Properties as unknown as LambdaFunction,
  );
  const { Handler, Environment } = found.find(({ FunctionName }) => FunctionName.endsWith(name))!;
  const { xrayDaemon, aws } = servers;
  const valueOf = ({ Ref }: { Ref: string }) => {
    const { Type, Properties } = resources[Ref]!;
    return Type === "AWS::SQS::Queue" ? aws.queueUrl : (Properties["TableName"] as string);
  };
  const variables = Object.entries(Environment.Variables).map(([variable, value]) => [
    variable,
    typeof value === "string" ? value : valueOf(value),
  ]);
  return startPackaged({
    zip: zipOf(name),
    handler: Handler,
    folder: join(folder, name),
    environment: {
      ...(Object.fromEntries(variables) as Record<string, string>),
      AWS_ENDPOINT_URL_DYNAMODB: endpoint("MILLRACE_TEST_DYNAMODB"),
      AWS_ENDPOINT_URL_S3: aws.url,
      AWS_ENDPOINT_URL_SQS: aws.url,
      AWS_XRAY_DAEMON_ADDRESS: xrayDaemon,
    },
  });
}

/** Maps each function to the streams of the template, with the batch size and the filters of the template. */
export function followStreams(
  { ofType, resources }: Package,
  functions: Readonly<Record<string, PackagedFunction>>,
  client: DynamoDBClient,
): Promise<readonly EventSourceMapping[]> {
  const streams = new DynamoDBStreamsClient({ endpoint: endpoint("MILLRACE_TEST_DYNAMODB") });
  const found = ofType("AWS::Lambda::EventSourceMapping").map(
    ([, { Properties }]) => Properties as unknown as Mapping,
  );
  const ofStreams = found.filter(({ StartingPosition }) => StartingPosition !== undefined);
  const mappings = ofStreams.map(async (mapping) => {
    const name =
      mapping.FunctionName["Fn::GetAtt"][0] === "CacheLambdaFunction" ? "cache" : "tables";
    const table = resources[mapping.EventSourceArn["Fn::GetAtt"][0]]!.Properties["TableName"];
    const { Table } = await client.send(new DescribeTableCommand({ TableName: table as string }));
    return createEventSourceMapping({
      streamArn: Table!.LatestStreamArn!,
      streams,
      functionName: name,
      handler: (event) => functions[name]!.invoke(event),
      batchSize: mapping.BatchSize,
      reportBatchItemFailures: true,
      timeoutSeconds: 60,
      filterPatterns: mapping.FilterCriteria?.Filters.map(({ Pattern }) => Pattern) ?? [],
    });
  });
  return Promise.all(mappings);
}
