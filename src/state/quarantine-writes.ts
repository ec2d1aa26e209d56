import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";

import type { Lift, Quarantine, StandingFence } from "./quarantine.js";
import { encodeKey, parseHandle } from "./quarantine-items.js";
import { failedCondition } from "./quarantine-parking.js";
import { fenceKey, quarantinePartKey, type StateKey } from "./state-table.js";

/** Removes the fence, if it is still the one that was read. */
export async function liftFence(
  client: DynamoDBClient,
  TableName: string,
  { source, view, itemKey, stamp }: StandingFence,
): Promise<Lift> {
  try {
    await client.send(
      new DeleteItemCommand({
        TableName,
        Key: encodeKey(fenceKey(source, view, itemKey)),
        ConditionExpression: "#stamp = :stamp",
        ExpressionAttributeNames: { "#stamp": "stamp" },
        ExpressionAttributeValues: { ":stamp": { S: stamp } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return "lifted";
  } catch (thrown) {
    if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
    return thrown.Item ? "parked-meanwhile" : "gone";
  }
}

function isSameAttempt(attempt: string) {
  return {
    ConditionExpression: "#attempt = :attempt",
    ExpressionAttributeNames: { "#attempt": "attempt" },
    ExpressionAttributeValues: { ":attempt": { S: attempt } },
  };
}

/** Removes an entry, unless its change was parked again: what is there then is behind a fence of its own. */
export async function removeEntry(
  client: DynamoDBClient,
  TableName: string,
  head: StateKey,
  handle: string,
): Promise<void> {
  const { attempt } = parseHandle(handle);
  try {
    const Key = encodeKey(head);
    await client.send(new DeleteItemCommand({ TableName, Key, ...isSameAttempt(attempt) }));
  } catch (thrown) {
    if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
  }
  await removeParts(client, TableName, head, handle);
}

async function removeParts(
  client: DynamoDBClient,
  TableName: string,
  head: StateKey,
  handle: string,
): Promise<void> {
  const { attempt, parts } = parseHandle(handle);
  for (let part = 1; part < parts; part++) {
    const Key = encodeKey(quarantinePartKey(head, attempt, part));
    await client.send(new DeleteItemCommand({ TableName, Key }));
  }
}

/** Removes an entry in whose place no other was parked, and whose item has no fence. */
export async function releaseEntry(
  client: DynamoDBClient,
  TableName: string,
  { source, view, itemKey, handle }: Parameters<Quarantine["release"]>[0],
  head: StateKey,
): Promise<boolean> {
  const isUnfenced = {
    TableName,
    Key: encodeKey(fenceKey(source, view, itemKey)),
    ConditionExpression: "attribute_not_exists(#parked)",
    ExpressionAttributeNames: { "#parked": "parked" },
  };
  const { attempt } = parseHandle(handle);
  const Delete = { TableName, Key: encodeKey(head), ...isSameAttempt(attempt) };
  const TransactItems = [{ ConditionCheck: isUnfenced }, { Delete }];
  try {
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
  } catch (thrown) {
    if (failedCondition(thrown, 0) || failedCondition(thrown, 1)) return false;
    throw thrown;
  }
  await removeParts(client, TableName, head, handle);
  return true;
}
