import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describe, expect, test } from "@jest/globals";

import {
  createEndpointDestination,
  createFileDestination,
} from "../../../src/local/event-source-mapping/failure-destination.js";
import {
  type Failure,
  failureMessage,
} from "../../../src/local/event-source-mapping/failure-message.js";
import { FUNCTION_ARN, mapped, STREAM_ARN } from "./run-delivery.js";

const failure: Failure = {
  condition: "RetryAttemptsExhausted",
  requestId: "r",
  functionArn: FUNCTION_ARN,
  executedVersion: "$LATEST",
  invocations: 2,
  thrown: true,
  atMs: Date.UTC(2026, 8, 17, 13, 3, 40, 11),
  mappingUuid: "m",
  shardId: "shard",
  streamArn: STREAM_ARN,
  records: [mapped("1").record],
  payload: '{"Records":[]}',
};
const QUEUE = "arn:aws:sqs:eu-west-1:111111111111:failures";
const TOPIC = "arn:aws:sns:eu-west-1:111111111111:failures";
const BUCKET = "arn:aws:s3:::failures";
const messageFor = (kind: "sqs" | "sns" | "s3") => JSON.stringify(failureMessage(failure, kind));

describe("G14: a failure destination in files", () => {
  test.each([
    [BUCKET, "s3", /^failures\/aws\/lambda\/m\/shard\/2026\/09\/17\/2026-09-17T13\.03\.40-[\w-]+$/],
    [QUEUE, "sqs", /^failures\/2026-09-17T13\.03\.40\.011Z-[\w-]+\.json$/],
    [TOPIC, "sns", /^failures\/2026-09-17T13\.03\.40\.011Z-[\w-]+\.json$/],
  ] as const)("%s holds exactly the bytes AWS would send", async (arn, kind, name) => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-failures-"));
    await createFileDestination(arn, folder).send(failure);
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((each) => each.isFile());
    expect(files).toHaveLength(1);
    const file = join(files[0]!.parentPath, files[0]!.name);
    expect(file.slice(folder.length + 1)).toMatch(name);
    expect(readFileSync(file, "utf8")).toBe(messageFor(kind));
    rmSync(folder, { recursive: true });
  });

  test("is refused where AWS has none", () => {
    for (const arn of [`${QUEUE}.fifo`, "arn:aws:lambda:us-east-1:1:function:f", "queue"])
      expect(() => createFileDestination(arn, "x")).toThrow(
        /cannot be a failure destination; give the ARN of a standard queue/,
      );
  });
});

describe("a failure destination at an endpoint", () => {
  async function sent(arn: string, status = 200) {
    const seen: { method?: string; url?: string; headers?: IncomingHttpHeaders; body: string } = {
      body: "",
    };
    const server = createServer((request, response) => {
      Object.assign(seen, { method: request.method, url: request.url, headers: request.headers });
      request.on("data", (chunk: Buffer) => (seen.body += chunk.toString()));
      request.on("end", () => response.writeHead(status).end("no"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await createEndpointDestination(arn, endpoint).send(failure);
      return seen;
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  test("is told as its service is", async () => {
    const queue = await sent(QUEUE);
    expect(queue.headers).toMatchObject({ "x-amz-target": "AmazonSQS.SendMessage" });
    expect(JSON.parse(queue.body)).toEqual({
      QueueUrl: "/111111111111/failures",
      MessageBody: messageFor("sqs"),
    });
    const fields = new URLSearchParams((await sent(TOPIC)).body);
    expect([fields.get("Action"), fields.get("TopicArn"), fields.get("Message")]).toEqual([
      ...["Publish", TOPIC, messageFor("sns")],
    ]);
    const bucket = await sent(BUCKET);
    expect([bucket.method, bucket.headers?.["content-type"], bucket.body]).toEqual([
      ...["PUT", "application/octet-stream", messageFor("s3")],
    ]);
    expect(bucket.url).toMatch(/^\/failures\/aws\/lambda\/m\/shard\/2026\//);
  });

  test("that refuses or does not answer is an error that says so", async () => {
    await expect(sent(QUEUE, 400)).rejects.toThrow(/answered 400: no/);
    await expect(
      createEndpointDestination(QUEUE, "http://127.0.0.1:1").send(failure),
    ).rejects.toThrow(/does not answer/);
  });
});
