import { type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";

import type { Item } from "../../src/change/attribute-value.js";
import { encodeItem } from "../../src/change/encode-item.js";

/** Puts items into a table, one after the other, as an application would. */
export async function putItems(
  client: DynamoDBClient,
  TableName: string,
  ...items: readonly Item[]
): Promise<void> {
  for (const item of items)
    await client.send(new PutItemCommand({ TableName, Item: encodeItem(item) }));
}
