import {
  type DynamoDBClient,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";

import type { QuarantineEntry } from "./quarantine.js";
import { encodeKey, type StoredItem } from "./quarantine-items.js";
import { fenceKey } from "./state-table.js";

/** The entry and its fence, both or neither; while joining, only if the fence still stands. */
export async function parkHead(
  client: DynamoDBClient,
  TableName: string,
  entry: QuarantineEntry,
  Item: StoredItem & { readonly attempt: { readonly S: string } },
  joining: boolean,
): Promise<"parked" | "fence-gone"> {
  const { source, view, itemKey } = entry;
  const raiseFence = {
    TableName,
    Key: encodeKey(fenceKey(source, view, itemKey)),
    UpdateExpression: "SET #view = :view, #itemKey = :itemKey, #stamp = :stamp ADD #parked :one",
    ...(joining && { ConditionExpression: "attribute_exists(#parked)" }),
    ExpressionAttributeNames: {
      "#view": "view",
      "#itemKey": "itemKey",
      "#stamp": "stamp",
      "#parked": "parked",
    },
    ExpressionAttributeValues: {
      ":view": { S: view },
      ":itemKey": { S: itemKey },
      ":stamp": Item.attempt,
      ":one": { N: "1" },
    },
  };
  const input: TransactWriteItemsCommandInput = {
    TransactItems: [{ Put: { TableName, Item } }, { Update: raiseFence }],
  };
  try {
    await client.send(new TransactWriteItemsCommand(input));
    return "parked";
  } catch (thrown) {
    if (joining && failedCondition(thrown, 1)) return "fence-gone";
    throw thrown;
  }
}

/** Whether a transaction was not done because of the condition of this action. */
export function failedCondition(thrown: unknown, action: number): boolean {
  return (
    thrown instanceof TransactionCanceledException &&
    thrown.CancellationReasons?.[action]?.Code === "ConditionalCheckFailed"
  );
}
