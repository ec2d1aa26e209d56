import { expect, test } from "@jest/globals";

import { createTableInput } from "../../src/dynamodb/table-definition.js";

test("a followed table has a stream of both images, any other none", () => {
  const definition = { table: "t", key: [{ name: "id", type: "B" }], followed: true } as const;
  expect(createTableInput(definition, "stage-t")).toMatchObject({
    TableName: "stage-t",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "B" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
  expect(createTableInput({ ...definition, followed: false }, "t")).not.toHaveProperty(
    "StreamSpecification",
  );
});
