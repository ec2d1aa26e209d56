import {
  type DynamoDBClient,
  paginateQuery,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";

import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import { fencePartition, quarantinePartition } from "./state-table.js";

/** Counts what waits in quarantine, without reading any of it to its end. */
export interface QuarantineCounts {
  /** Entries of a view. */
  entries(view: string): Promise<number>;
  /** Items of a source that wait behind a fence, by view. */
  fences(source: string): Promise<Readonly<Record<string, number>>>;
}

/** Counts in the pipeline's state table. */
export function createQuarantineCounts(
  client: DynamoDBClient,
  TableName: string,
): QuarantineCounts {
  async function* pages(partition: string, more: Partial<QueryCommandInput>) {
    const input: QueryCommandInput = {
      TableName,
      ConsistentRead: true,
      KeyConditionExpression: "#pk = :pk",
      ExpressionAttributeValues: { ":pk": { S: partition } },
      ...more,
      ExpressionAttributeNames: { "#pk": "pk", ...more.ExpressionAttributeNames },
    };
    try {
      yield* paginateQuery({ client }, input);
    } catch (thrown) {
      throw classifyDynamoDbError(thrown, TableName);
    }
  }

  return {
    async entries(view) {
      let count = 0;
      for await (const page of pages(quarantinePartition(view), { Select: "COUNT" }))
        count += page.Count ?? 0;
      return count;
    },
    async fences(source) {
      const counts: Record<string, number> = {};
      const onlyView = { ProjectionExpression: "#v", ExpressionAttributeNames: { "#v": "view" } };
      for await (const { Items = [] } of pages(fencePartition(source), onlyView)) {
        for (const { view } of Items) counts[view?.S ?? ""] = (counts[view?.S ?? ""] ?? 0) + 1;
      }
      return counts;
    },
  };
}
