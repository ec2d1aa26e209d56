import { spawn } from "node:child_process";
import { resolve } from "node:path";

import { DescribeTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DescribeStreamCommand,
  DynamoDBStreamsClient,
  GetRecordsCommand,
  GetShardIteratorCommand,
} from "@aws-sdk/client-dynamodb-streams";
import { BatchWriteCommand, type DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { DynamoDBRecord, SQSEvent } from "aws-lambda";

import {
  type Failure,
  failureMessage,
} from "../../src/local/event-source-mapping/failure-message.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { endpoint } from "../support/endpoints.js";

const ROOT = resolve(import.meta.dirname, "../..");

/** What SQS's mapping hands over for a message. */
export function queueEvent(body: string): SQSEvent {
  return { Records: [{ messageId: "m-1", body }] } as SQSEvent;
}

/** What the failures queue is told of an object in the failures bucket. */
export function objectNotice(bucket: string, key: string): string {
  const object = { key: encodeURIComponent(key).replaceAll("%2F", "/") };
  return JSON.stringify({
    Records: [{ eventSource: "aws:s3", s3: { bucket: { name: bucket }, object } }],
  });
}

/** What Lambda tells of a record that it gave up: whole, as a bucket is told, or only where it is. */
export function givenUp(
  functionName: string,
  record: DynamoDBRecord,
  where: { readonly streamArn: string; readonly shardId: string; readonly kind: "s3" | "sqs" },
): string {
  const { streamArn, shardId, kind } = where;
  const failure: Failure = {
    ...{ condition: "RecordAgeExceeded", requestId: "r-1", executedVersion: "$LATEST" },
    functionArn: `arn:aws:lambda:us-east-1:123456789012:function:${functionName}`,
    ...{ invocations: 7, thrown: true, atMs: Date.now(), mappingUuid: "u-1", shardId, streamArn },
    ...{ records: [record], payload: JSON.stringify({ Records: [record] }) },
  };
  return JSON.stringify(failureMessage(failure, kind));
}

/** The newest record of a table's stream, and where it is. */
export async function newestRecord(client: DynamoDBClient, TableName: string) {
  const streams = new DynamoDBStreamsClient({ endpoint: endpoint("MILLRACE_TEST_DYNAMODB") });
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const StreamArn = Table!.LatestStreamArn!;
    const described = await streams.send(new DescribeStreamCommand({ StreamArn }));
    const ShardId = described.StreamDescription!.Shards!.at(-1)!.ShardId!;
    const ShardIteratorType = "TRIM_HORIZON" as const;
    const opened = { StreamArn, ShardId, ShardIteratorType };
    let { ShardIterator } = await streams.send(new GetShardIteratorCommand(opened));
    let newest: DynamoDBRecord | undefined;
    while (ShardIterator !== undefined) {
      const page = await streams.send(new GetRecordsCommand({ ShardIterator }));
      const { Records = [] } = page;
      if (Records.length === 0 && newest) break;
      newest = (Records.at(-1) as unknown as DynamoDBRecord | undefined) ?? newest;
      ShardIterator = page.NextShardIterator;
    }
    return { record: newest!, streamArn: StreamArn, shardId: ShardId };
  } finally {
    streams.destroy();
  }
}

/** Puts items into a table. */
export async function writeItems(
  documents: DynamoDBDocumentClient,
  table: string,
  items: readonly Record<string, unknown>[],
): Promise<void> {
  for (let from = 0; from < items.length; from += 25) {
    const requests = items.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
    await documents.send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
  }
}

/** The views in which each flight is in quarantine, by its id. */
export async function quarantined(
  client: DynamoDBClient,
  tableName: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const held: Record<string, string[]> = {};
  for await (const { view, itemKey } of createDynamoDbQuarantine({
    client,
    tableName,
  }).summaries()) {
    const [flightId = ""] = JSON.parse(itemKey) as string[];
    (held[flightId] ??= []).push(view);
  }
  return Object.fromEntries(Object.entries(held).map(([id, views]) => [id, views.sort()]));
}

/** A command of the command line, in a process of its own. */
export interface RunningCommand {
  /** Its exit code and what it printed; undefined while it runs. */
  readonly result: () => { readonly code: number | null; readonly output: string } | undefined;
}

/** Starts `millrace` with nothing of this process's environment. */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningCommand {
  const command = spawn(process.execPath, ["--import", "tsx", "src/cli/main.ts", ...args], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...environment },
  });
  let output = "";
  for (const stream of [command.stdout, command.stderr])
    stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  let result: ReturnType<RunningCommand["result"]>;
  command.once("close", (code) => (result = { code, output }));
  return { result: () => result };
}
