import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../../dynamodb/classify-error.js";
import { scanTable } from "../../dynamodb/scan-table.js";
import { batchRead } from "./batch-read.js";
import { type Expression, expressionOf } from "./expression.js";
import { type Action, type Reason, type Store, WORKINGS_KEY, type Write } from "./store.js";

/** What {@link createDynamoDbStore} takes. */
export interface DynamoDbStoreOptions {
  /** Not closed by the store: it may serve others. */
  readonly client: DynamoDBClient;
  /** The name DynamoDB knows a declared table by. */
  readonly tableName: (table: string) => string;
}

/** A store of DynamoDB tables. */
export function createDynamoDbStore({ client, tableName }: DynamoDbStoreOptions): Store {
  /** Asks DynamoDB about a table, and says of its errors what ours say. */
  async function asking<T>(table: string, ask: (name: string) => Promise<T>): Promise<T> {
    const name = tableName(table);
    try {
      return await ask(name);
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, name);
    }
  }

  return {
    async read(places) {
      return asking(places[0]?.table ?? "", () => batchRead(client, tableName, places));
    },
    async transact(actions) {
      const TransactItems = actions.map((action) => transactItem(action, tableName(action.table)));
      return asking(actions[0]?.table ?? "", async () => {
        try {
          await client.send(new TransactWriteItemsCommand({ TransactItems }));
          return { done: true as const };
        } catch (thrown) {
          if (!(thrown instanceof TransactionCanceledException)) throw thrown;
          return { done: false as const, reasons: reasonsOf(thrown, actions.length) };
        }
      });
    },
    async write(write) {
      return asking(write.table, async (name) => {
        try {
          await send(client, write, name);
          return "done";
        } catch (thrown) {
          if (thrown instanceof ConditionalCheckFailedException) return "refused";
          throw thrown;
        }
      });
    },
    async query({ table, partition, descending, limit }) {
      return asking(table, async (TableName) => {
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName,
            ConsistentRead: true,
            KeyConditionExpression: "#partition = :partition",
            ExpressionAttributeNames: { "#partition": WORKINGS_KEY.partition },
            ExpressionAttributeValues: { ":partition": { S: partition } },
            ScanIndexForward: !descending,
            Limit: limit,
          }),
        );
        return Items;
      });
    },
    scan: (table) => scanTable(client, tableName(table)),
  };
}

async function send(client: DynamoDBClient, write: Write, TableName: string): Promise<void> {
  const expression = expressionOf(write);
  switch (write.type) {
    case "put": {
      const Item = { ...write.attributes, ...write.key };
      await client.send(new PutItemCommand({ TableName, Item, ...expression }));
      return;
    }
    case "delete":
      await client.send(new DeleteItemCommand({ TableName, Key: write.key, ...expression }));
      return;
    case "add":
      await client.send(new UpdateItemCommand({ TableName, Key: write.key, ...expression }));
      return;
  }
}

function transactItem(action: Action, TableName: string): TransactWriteItem {
  const expression = expressionOf(action);
  const { key: Key } = action;
  switch (action.type) {
    case "put":
      return { Put: { TableName, Item: { ...action.attributes, ...Key }, ...expression } };
    case "delete":
      return { Delete: { TableName, Key, ...expression } };
    case "add":
      return { Update: { TableName, Key, ...(expression as Required<Expression>) } };
    case "check":
      return { ConditionCheck: { TableName, Key, ...(expression as Required<Expression>) } };
  }
}

const REASONS: Readonly<Record<string, Reason>> = {
  None: "none",
  ConditionalCheckFailed: "condition",
  DuplicateItem: "condition",
  TransactionConflict: "conflict",
  ThrottlingError: "throttled",
  ProvisionedThroughputExceeded: "throttled",
  ValidationError: "invalid",
  ItemCollectionSizeLimitExceeded: "invalid",
};

/** A reason that nobody knows yet is taken for one that passes: the batch is then delivered again, and nothing is lost. */
function reasonsOf(thrown: TransactionCanceledException, count: number): readonly Reason[] {
  return Array.from({ length: count }, (_, i) => {
    const { Code = "None" } = thrown.CancellationReasons?.[i] ?? {};
    return REASONS[Code] ?? "throttled";
  });
}
