import {
  type AttributeValue as SdkValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";

import type { WireItem } from "../../change/attribute-value.js";
import type { EncodedItem } from "../../change/encode-item.js";
import { isNewer, parseVersion } from "../../change/version.js";
import { createDirectWriter, type ItemWrite } from "../../dynamodb/direct-write.js";
import { MillraceError } from "../../errors.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import type { Mutation, Put } from "../../view/row.js";
import type { TableView } from "../../view/table-view.js";
import { collisionError } from "../collision.js";
import { type Outcome, TOMBSTONE_TTL_SECONDS } from "../sink.js";
import { encodeRow, encodeRowKey } from "./encode-row.js";
import { decodeBookkeeping, encodeBookkeeping, foreignItem } from "./stored-item.js";

/*
 * When may a row be written? Reading from left to right, versions grow:
 *
 *   stored:   (absent)   older, ours   ours, as new or newer   of another item   another's tombstone
 *   put:       write        write             stale               collision             write
 *   delete:    stale*       write             stale                 stale               stale*
 *
 *   * with `tombstones`, an absent row becomes a tombstone, so that an older put arriving later loses.
 *
 * And when may it be corrected? Only at the very version it has:
 *
 *   stored:   (absent)   older, ours   ours, this version   newer, ours   of another item, row or tombstone
 *   put:        stale       stale           write               stale                stale
 *   delete:     stale       stale           write               stale                stale
 */
const rowIsAbsent = "attribute_not_exists(#partition)";
const rowIsOurs = "#row.#owner = :owner";
const rowIsOlder = "#row.#version < :version";
const rowIsThisVersion = "#row.#version = :version";
const rowIsAnothersTombstone = "#row.#owner <> :owner AND #row.#deleted = :true";

const PUT_CONDITION = `${rowIsAbsent} OR (${rowIsOurs} AND ${rowIsOlder}) OR (${rowIsAnothersTombstone})`;
const BURY_CONDITION = `${rowIsAbsent} OR (${rowIsOurs} AND ${rowIsOlder})`;
const DELETE_CONDITION = `${rowIsOurs} AND ${rowIsOlder}`;
const CORRECT_CONDITION = `${rowIsOurs} AND ${rowIsThisVersion}`;

/** Does to one row of a table what a mutation asks. */
export type WriteRow = (table: string, mutation: Mutation<TableView>) => Promise<Outcome>;

/** Writes one row on its condition; rejects with whatever the client does, and as each says. */
export interface ConditionalWriter {
  /** Writes what is newer; rejects also with `collision`, `refused` or `unavailable` of its own. */
  readonly apply: WriteRow;
  /** Writes what has exactly the stored version and owner. */
  readonly correct: WriteRow;
}

/** Makes what writes one row, and tells stale from collision by the stored row that comes with a refusal. */
export function createConditionalWriter(client: DynamoDBClient): ConditionalWriter {
  const writeDirectly = createDirectWriter(client);

  /** The short way for what nearly always happens, and the client's own way for the rest. */
  async function send(write: ItemWrite): Promise<{ readonly stored?: WireItem } | undefined> {
    const answer = await writeDirectly(write);
    if (answer.type === "written") return undefined;
    if (answer.type === "condition-failed") return answer.item ? { stored: answer.item } : {};
    try {
      if (write.operation === "PutItem") await client.send(new PutItemCommand(write.input));
      else await client.send(new DeleteItemCommand(write.input));
      return undefined;
    } catch (thrown) {
      if (!(thrown instanceof ConditionalCheckFailedException)) throw thrown;
      return thrown.Item ? { stored: thrown.Item } : {};
    }
  }

  return {
    async apply(table, mutation) {
      const refusal = await send(writeOf(table, mutation));
      return refusal ? staleOrCollision(table, mutation, refusal.stored) : "applied";
    },
    async correct(table, mutation) {
      return (await send(correctionOf(table, mutation))) ? "stale" : "applied";
    },
  };
}

function writeOf(table: string, mutation: Mutation<TableView>): ItemWrite {
  if (mutation.type === "put") return { operation: "PutItem", input: putInput(table, mutation) };
  if (mutation.view.tombstones) return { operation: "PutItem", input: buryInput(table, mutation) };
  return { operation: "DeleteItem", input: deleteInput(table, mutation) };
}

function correctionOf(TableName: string, mutation: Mutation<TableView>): ItemWrite {
  const condition = withoutPartition(conditionOf(mutation, CORRECT_CONDITION));
  if (mutation.type === "put")
    return {
      operation: "PutItem",
      input: { TableName, Item: encodeRow(mutation).item, ...condition },
    };
  if (mutation.view.tombstones)
    return {
      operation: "PutItem",
      input: { TableName, Item: tombstone(mutation), ...condition },
    };
  return {
    operation: "DeleteItem",
    input: { TableName, Key: encodeRowKey(mutation), ...condition },
  };
}

/** The condition failed, and the stored row came with the answer: it is as new as ours, or it is another item's. */
function staleOrCollision(
  table: string,
  mutation: Mutation<TableView>,
  stored: WireItem | undefined,
): Outcome {
  if (mutation.type === "delete" || stored === undefined) return "stale";
  const kept = decodeBookkeeping(stored);
  if (!kept) throw foreignItem(table, mutation.key);
  if (kept.owner !== mutation.owner) throw collisionError(mutation, kept.owner);
  // What came with the answer is newer than what was refused, or the store does not keep the rule.
  if (isNewer(mutation.version, parseVersion(kept.version))) {
    throw new MillraceError(
      "unavailable",
      `table "${table}" refused a row newer than the one it holds; trying again`,
    );
  }
  return "stale";
}

function putInput(TableName: string, mutation: Put<TableView>): PutItemCommandInput {
  return {
    TableName,
    Item: encodeRow(mutation).item,
    ...conditionOf(mutation, PUT_CONDITION, { "#deleted": "d" }, { ":true": { BOOL: true } }),
  };
}

function buryInput(TableName: string, mutation: Mutation<TableView>): PutItemCommandInput {
  return { TableName, Item: tombstone(mutation), ...conditionOf(mutation, BURY_CONDITION) };
}

function tombstone(mutation: Mutation<TableView>): EncodedItem {
  const { version, owner, changedAtSeconds } = mutation;
  const item = encodeRowKey(mutation);
  item[RESERVED_ATTRIBUTE] = encodeBookkeeping({ version, owner, deleted: true });
  item[TTL_ATTRIBUTE] = { N: String(changedAtSeconds + TOMBSTONE_TTL_SECONDS) };
  return item;
}

function deleteInput(TableName: string, mutation: Mutation<TableView>): DeleteItemCommandInput {
  const condition = withoutPartition(conditionOf(mutation, DELETE_CONDITION));
  return { TableName, Key: encodeRowKey(mutation), ...condition };
}

/** A condition of a row that is there names no key attribute, and DynamoDB refuses names that are not used. */
function withoutPartition(condition: ReturnType<typeof conditionOf>) {
  const { "#partition": _unused, ...ExpressionAttributeNames } = condition.ExpressionAttributeNames;
  return { ...condition, ExpressionAttributeNames };
}

function conditionOf(
  { view, version, owner }: Mutation<TableView>,
  ConditionExpression: string,
  names: Record<string, string> = {},
  values: Record<string, SdkValue> = {},
) {
  return {
    ConditionExpression,
    ExpressionAttributeNames: {
      "#partition": view.key[0]?.name ?? "",
      "#row": RESERVED_ATTRIBUTE,
      "#version": "v",
      "#owner": "k",
      ...names,
    },
    ExpressionAttributeValues: { ":version": { S: version }, ":owner": { S: owner }, ...values },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const,
  };
}
