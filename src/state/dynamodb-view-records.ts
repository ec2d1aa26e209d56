import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { currentVersionKey, definitionKey, encodeStateKey, type StateKey } from "./state-table.js";
import type { RecordedDefinition, ViewRecords } from "./view-records.js";

/** Records of views in the pipeline's state table. */
export function createDynamoDbViewRecords(client: DynamoDBClient, TableName: string): ViewRecords {
  async function guarded<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  async function read(key: StateKey): Promise<Record<string, AttributeValue> | undefined> {
    const Key = encodeStateKey(key);
    const command = new GetItemCommand({ TableName, Key, ConsistentRead: true });
    return (await guarded(() => client.send(command))).Item;
  }

  /** Whether the condition held, and so the item was put. */
  function put(input: Omit<PutItemCommandInput, "TableName">): Promise<boolean> {
    return guarded(async () => {
      try {
        await client.send(new PutItemCommand({ TableName, ...input }));
        return true;
      } catch (thrown) {
        if (thrown instanceof ConditionalCheckFailedException) return false;
        throw thrown;
      }
    });
  }

  return {
    async definition({ view, version }) {
      const item = await read(definitionKey(view, version));
      return item && decodeDefinition(item);
    },
    async recordDefinition({ view, version }, definition, options) {
      const key = encodeStateKey(definitionKey(view, version));
      const ConditionExpression = options?.once ? "attribute_not_exists(pk)" : undefined;
      await put({ Item: { ...key, ...encodeDefinition(definition) }, ConditionExpression });
    },
    async forgetDefinition({ view, version }) {
      const Key = encodeStateKey(definitionKey(view, version));
      await guarded(() => client.send(new DeleteItemCommand({ TableName, Key })));
    },
    async current(view) {
      const item = await read(currentVersionKey(view));
      return (
        item && {
          version: Number(item["version"]?.N),
          switchedAtMs: Number(item["switchedAtMs"]?.N),
        }
      );
    },
    switchTo(view, from, { version, switchedAtMs }) {
      const Item = {
        ...encodeStateKey(currentVersionKey(view)),
        version: { N: String(version) },
        switchedAtMs: { N: String(switchedAtMs) },
      };
      if (from === undefined) return put({ Item, ConditionExpression: "attribute_not_exists(pk)" });
      return put({
        Item,
        ConditionExpression: "#version = :from",
        ExpressionAttributeNames: { "#version": "version" },
        ExpressionAttributeValues: { ":from": { N: String(from) } },
      });
    },
  };
}

function encodeDefinition({ digests, tables, recordedAtMs, by }: RecordedDefinition) {
  const parts = Object.entries(digests).map(([part, S]) => [part, { S }] as const);
  return {
    digests: { M: Object.fromEntries(parts) },
    tables: { L: tables.map((table) => ({ S: table })) },
    recordedAtMs: { N: String(recordedAtMs) },
    by: { S: by },
  };
}

function decodeDefinition(item: Record<string, AttributeValue>): RecordedDefinition {
  const digests = Object.entries(item["digests"]?.M ?? {}).map(
    ([part, { S = "" }]) => [part, S] as const,
  );
  return {
    digests: Object.fromEntries(digests),
    tables: (item["tables"]?.L ?? []).map(({ S = "" }) => S),
    recordedAtMs: Number(item["recordedAtMs"]?.N),
    by: item["by"]?.S === "backfill" ? "backfill" : "dev",
  };
}
