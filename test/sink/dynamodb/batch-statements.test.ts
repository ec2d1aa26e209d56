import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { type BatchExecuteStatementCommandInput, type BatchStatementResponse, DynamoDBClient } from "@aws-sdk/client-dynamodb"; // prettier-ignore
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import {
  createStatementBatcher,
  type RowStatement,
} from "../../../src/sink/dynamodb/batch-statements.js";

/** A client that answers each call by a function, and remembers how many statements each had. */
function fakeClient(answer: (call: number) => BatchStatementResponse[] | Error) {
  const calls: number[] = [];
  const client = {
    send: async ({ input }: { input: BatchExecuteStatementCommandInput }) => {
      const responses = answer(calls.push(input.Statements?.length ?? 0) - 1);
      if (responses instanceof Error) throw responses;
      return { Responses: responses };
    },
  } as unknown as DynamoDBClient;
  return { calls, client };
}

const statement = (row: string, bytes = 100): RowStatement => ({ row, bytes, request: { Statement: `INSERT ${row}`, Parameters: [] } }); // prettier-ignore
const statements = (count: number, bytes?: number) => Array.from({ length: count }, (_, i) => statement(`r${i}`, bytes)); // prettier-ignore
const refused = (Code: string): BatchStatementResponse => ({
  Error: { Code: Code as "ValidationError" },
});
const named = (name: string) => Object.assign(new Error(name), { name });

describe("statements", () => {
  test("go twenty-five in a call, fewer where they weigh much", async () => {
    const { calls, client } = fakeClient(() => Array.from({ length: 25 }, () => ({})));
    const execute = createStatementBatcher(client);
    expect(await execute(statements(60))).toEqual(Array.from({ length: 60 }, () => true));
    expect(calls).toEqual([25, 25, 10]);
    calls.length = 0;
    await execute(statements(5, 400_000));
    expect(calls).toEqual([2, 2, 1]);
  });

  test("are answered one by one: what is refused did not change its row", async () => {
    const { client } = fakeClient(() => [
      {},
      refused("DuplicateItem"),
      {},
      refused("ConditionalCheckFailed"),
    ]);
    expect(await createStatementBatcher(client)(statements(4))).toEqual([true, false, true, false]);
  });

  test("on one row are not in one call: the second is left to a write of its own", async () => {
    const { calls, client } = fakeClient(() => [{}, {}]);
    const answers = await createStatementBatcher(client)([
      statement("a"),
      statement("a"),
      statement("b"),
    ]);
    expect({ answers, calls }).toEqual({ answers: [true, false, true], calls: [2] });
  });

  test("of a call that fails changed nothing that is known of, and the next is tried again", async () => {
    const { calls, client } = fakeClient((call) => (call === 0 ? named("TimeoutError") : [{}]));
    const execute = createStatementBatcher(client);
    expect(await execute(statements(1))).toEqual([false]);
    expect(await execute(statements(1))).toEqual([true]);
    expect(calls).toEqual([1, 1]);
  });

  test.each([
    ["the call is not allowed", () => named("AccessDeniedException")],
    ["none is understood", () => [refused("ValidationError"), refused("ValidationError")]],
  ])("are not tried again where %s", async (_why, answer) => {
    const { calls, client } = fakeClient(answer);
    const execute = createStatementBatcher(client);
    await execute(statements(2));
    expect(await execute(statements(2))).toEqual([false, false]);
    expect(calls).toEqual([2]);
  });

  test("go on although one of them is not valid", async () => {
    const { calls, client } = fakeClient(() => [refused("ValidationError"), {}]);
    const execute = createStatementBatcher(client);
    await execute(statements(2));
    await execute(statements(2));
    expect(calls).toEqual([2, 2]);
  });
});

describe("statements sent past the client's middleware", () => {
  let server: Server;
  let client: DynamoDBClient;
  let targets: (string | undefined)[];
  let replies: { readonly status: number; readonly body: string }[];

  beforeEach(async () => {
    targets = [];
    server = createServer((request, response) => {
      request.resume().on("end", () => {
        targets.push(request.headers["x-amz-target"] as string | undefined);
        const { status, body } = replies.shift() ?? { status: 500, body: "" };
        response.writeHead(status, { "content-type": "application/x-amz-json-1.0" }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    client = new DynamoDBClient({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "eu-central-1",
      credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
      maxAttempts: 1,
    });
  });

  afterEach(async () => {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const answer = '{"Responses":[{},{"Error":{"Code":"DuplicateItem"}}]}';

  test("take one call, each answered for itself", async () => {
    replies = [{ status: 200, body: answer }];
    expect(await createStatementBatcher(client)(statements(2))).toEqual([true, false]);
    expect(targets).toEqual(["DynamoDB_20120810.BatchExecuteStatement"]);
  });

  test.each([
    ["a throttle", { status: 400, body: '{"__type":"x#ThrottlingException"}' }],
    ["an outage", { status: 500, body: "" }],
    ["an answer that is not understood", { status: 200, body: "<html>" }],
  ])("go the client's own way after %s", async (_what, first) => {
    replies = [first, { status: 200, body: answer }];
    expect(await createStatementBatcher(client)(statements(2))).toEqual([true, false]);
    expect(targets).toHaveLength(2);
  });
});
