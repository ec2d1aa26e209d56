import {
  CreateTableCommand,
  DescribeTableCommand,
  type StreamViewType,
} from "@aws-sdk/client-dynamodb";
import { afterAll, describe, expect, test } from "@jest/globals";

import { ensureTables } from "../../src/local/ensure-tables.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { numberKey } from "../../src/view/key.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { testDynamoDb } from "../support/endpoints.js";

interface Item {
  id: string;
  n: number;
}

const items = source<Item>({ table: "items", key: ["id"] });
const byNumber = tableView({
  name: "by-number",
  source: items,
  key: ["id", numberKey("n")],
  tombstones: true,
});
const declarations = collectDeclarations({ byNumber });
const client = testDynamoDb();
let run = 0;
const ensure = (prefix: string) =>
  ensureTables({
    client,
    declarations,
    physicalName: (table) => prefix + table,
    stateTable: `${prefix}state`,
  });
const freshPrefix = () => `ensure-${Date.now()}-${run++}-`;

afterAll(() => client.destroy());

async function createItems(prefix: string, key: string, viewType?: StreamViewType): Promise<void> {
  await client.send(
    new CreateTableCommand({
      TableName: `${prefix}items`,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
      KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
      ...(viewType && { StreamSpecification: { StreamEnabled: true, StreamViewType: viewType } }),
    }),
  );
}

describe("the tables of a pipeline", () => {
  test("are created with keys, streams and time to live as declared, and found again", async () => {
    const prefix = freshPrefix();
    const created = await ensure(prefix);
    expect(created.map(({ definition, created: isNew }) => [definition.table, isNew])).toEqual([
      ["items", true],
      ["by-number", true],
      [`${prefix}state`, true],
    ]);
    expect(created.map(({ streamArn }) => streamArn !== undefined)).toEqual([true, false, false]);
    const { Table } = await client.send(
      new DescribeTableCommand({ TableName: `${prefix}by-number` }),
    );
    expect(Table?.KeySchema?.map(({ AttributeName }) => AttributeName)).toEqual(["id", "n"]);
    expect((await ensure(prefix)).some(({ created: isNew }) => isNew)).toBe(false);
  });

  test.each([
    [
      "another key",
      "other",
      "NEW_AND_OLD_IMAGES",
      /has the key other \(S\), but id \(S\) is declared/,
    ],
    [
      "no stream",
      "id",
      undefined,
      /has no stream, but views follow it; enable its stream with StreamViewType NEW_AND_OLD_IMAGES/,
    ],
    ["a stream of keys", "id", "KEYS_ONLY", /carries KEYS_ONLY; disable it, then enable/],
    ["a stream of new images", "id", "NEW_IMAGE", /carries NEW_IMAGE/],
  ] as const)("are refused with %s, and the remedy", async (_name, key, viewType, message) => {
    const prefix = freshPrefix();
    await createItems(prefix, key, viewType);
    await expect(ensure(prefix)).rejects.toMatchObject({
      code: "configuration",
      message: expect.stringMatching(message),
    });
  });
});
