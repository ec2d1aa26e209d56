import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { createDirectWriter, type ItemWrite } from "../../src/dynamodb/direct-write.js";

interface Received {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

const WRITE: ItemWrite = {
  operation: "PutItem",
  input: {
    TableName: "orders",
    Item: {
      id: { S: "o-1" },
      bytes: { B: Buffer.from([1, 2, 255]) },
      parts: { BS: [new Uint8Array([3])] },
      note: { S: "Grüße" },
    },
  },
};

describe("a write past the client's middleware", () => {
  let server: Server;
  let client: DynamoDBClient;
  let received: Received[];
  let reply: { status: number; body: string };

  beforeEach(async () => {
    received = [];
    reply = { status: 200, body: "{}" };
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
        received.push({ url: request.url, headers: request.headers, body });
        response.writeHead(reply.status, { "content-type": "application/x-amz-json-1.0" });
        response.end(reply.body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "eu-central-1",
      credentials: { accessKeyId: "AKID", secretAccessKey: "secret", sessionToken: "token" },
    });
  });

  afterEach(async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  test("is what the client itself would send: same body, target and signed for the same scope", async () => {
    expect(await createDirectWriter(client)(WRITE)).toEqual({ type: "written" });
    await client.send(new PutItemCommand(WRITE.input));
    const [direct, usual] = received as [Received, Received];
    expect(direct.body).toEqual(usual.body);
    for (const name of [
      "host",
      "content-type",
      "content-length",
      "x-amz-target",
      "x-amz-security-token",
      "x-amz-content-sha256",
    ])
      // prettier-ignore
      expect([name, direct.headers[name]]).toEqual([name, usual.headers[name]]);
    const scope = /Credential=AKID\/\d{8}\/eu-central-1\/dynamodb\/aws4_request/;
    expect(direct.headers.authorization).toMatch(scope);
    expect(usual.headers.authorization).toMatch(scope);
  });

  test.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"])(
    "goes where %s sends the client",
    async (variable) => {
      const address = await client.config.endpoint?.();
      process.env[variable] = `http://127.0.0.1:${address?.port}/behind`;
      const sent = new DynamoDBClient({
        region: "eu-central-1",
        credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
      });
      try {
        expect(await createDirectWriter(sent)(WRITE)).toEqual({ type: "written" });
        await sent.send(new PutItemCommand(WRITE.input));
        const [direct, usual] = received as [Received, Received];
        expect(direct.url).toBe("/behind/");
        expect([direct.url, direct.body]).toEqual([usual.url, usual.body]);
      } finally {
        delete process.env[variable];
        sent.destroy();
      }
    },
  );

  test("refused by its condition brings the stored row", async () => {
    const item = { id: { S: "o-1" }, n: { N: "2" } };
    const __type = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException";
    reply = { status: 400, body: JSON.stringify({ __type, message: "no", Item: item }) };
    expect(await createDirectWriter(client)(WRITE)).toEqual({ type: "condition-failed", item });
    reply = { status: 400, body: JSON.stringify({ __type, message: "no" }) };
    expect(await createDirectWriter(client)(WRITE)).toEqual({ type: "condition-failed" });
  });

  test.each([
    [400, '{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'],
    [400, '{"__type":"com.amazon.coral.service#ExpiredTokenException"}'],
    [400, "no JSON"],
    [500, '{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}'],
    [503, ""],
  ])("answered by %i %s is left to the client", async (status, body) => {
    reply = { status, body };
    expect(await createDirectWriter(client)(WRITE)).toEqual({ type: "unclear" });
  });

  test("that reaches nobody is left to the client, and goes its short way again once somebody is there", async () => {
    const nobody = new DynamoDBClient({ endpoint: "http://127.0.0.1:1", region: "x", credentials: { accessKeyId: "a", secretAccessKey: "b" } }); // prettier-ignore
    expect(await createDirectWriter(nobody)(WRITE)).toEqual({ type: "unclear" });
    nobody.destroy();
    const write = createDirectWriter(client);
    reply = { status: 500, body: "" };
    expect(await write(WRITE)).toEqual({ type: "unclear" });
    reply = { status: 200, body: "{}" };
    expect(await write(WRITE)).toEqual({ type: "written" });
  });

  test("without an endpoint of its own goes where AWS has DynamoDB in the client's region", async () => {
    const hosts: string[] = [];
    const aws = new DynamoDBClient({
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      requestHandler: {
        handle: async (request: {
          protocol: string;
          hostname: string;
          headers: { host: string };
        }) => {
          hosts.push(`${request.protocol}//${request.hostname} ${request.headers.host}`);
          throw new Error("no network here");
        },
      } as never,
    });
    expect(await createDirectWriter(aws)(WRITE)).toEqual({ type: "unclear" });
    expect(hosts).toEqual([
      "https://dynamodb.eu-west-1.amazonaws.com dynamodb.eu-west-1.amazonaws.com",
    ]);
  });
});
