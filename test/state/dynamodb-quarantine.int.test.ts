import { QueryCommand, type QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { expect, jest, test } from "@jest/globals";

import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { testDynamoDb } from "../support/endpoints.js";
import { createStateTable } from "../support/state-table.js";
import { describeQuarantineContract, entryOf } from "./quarantine-contract.js";

/** What the client's connections are given. */
interface Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

describeQuarantineContract("the DynamoDB quarantine", async () => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  return {
    quarantine: createDynamoDbQuarantine({ client, tableName }),
    close: async () => client.destroy(),
  };
});

test("a missing state table is a mistake of set-up that names it", async () => {
  const client = testDynamoDb();
  const quarantine = createDynamoDbQuarantine({ client, tableName: "no-state-table" });
  const wanted = {
    code: "configuration",
    message: expect.stringContaining("no-state-table") as unknown,
  };
  await expect(quarantine.park(entryOf())).rejects.toMatchObject(wanted);
  await expect(quarantine.fences("flights")).rejects.toMatchObject(wanted);
  client.destroy();
});

test("G7: the fences of a source are one strongly consistent query, which costs no more than one read unit where there are none", async () => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  const quarantine = createDynamoDbQuarantine({ client, tableName });
  const handle = jest.spyOn(client.config.requestHandler, "handle");
  expect((await quarantine.fences("orders")).size).toBe(0);
  const requests = handle.mock.calls.map(([request]) => request as unknown as Request);
  expect(requests.map(({ headers }) => headers["x-amz-target"])).toEqual([
    "DynamoDB_20120810.Query",
  ]);
  const input = JSON.parse(requests[0]?.body ?? "") as QueryCommandInput;
  expect(input.ConsistentRead).toBe(true);
  const { ConsumedCapacity } = await client.send(
    new QueryCommand({ ...input, ReturnConsumedCapacity: "TOTAL" }),
  );
  expect(ConsumedCapacity?.CapacityUnits).toBeLessThanOrEqual(1);
  client.destroy();
});

test.each([
  ["half an answer", 200, '{"Items":['],
  ["no fence, and more to read", 200, '{"Items":[],"LastEvaluatedKey":{"pk":{"S":"a"}}}'],
  ["a throttle", 400, '{"__type":"a#ThrottlingException"}'],
])("told %s, asks for the fences again the client's own way", async (_, statusCode, text) => {
  const client = testDynamoDb();
  const tableName = await createStateTable(client);
  const quarantine = createDynamoDbQuarantine({ client, tableName });
  const entry = entryOf();
  await quarantine.park(entry);
  const body = (async function* () {
    yield Buffer.from(text);
  })();
  jest
    .spyOn(client.config.requestHandler, "handle")
    .mockResolvedValueOnce({ response: { statusCode, headers: {}, body } } as never);
  expect((await quarantine.fences(entry.source)).size).toBe(1);
  client.destroy();
});
