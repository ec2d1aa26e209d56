import { type DynamoDBClient, paginateScan } from "@aws-sdk/client-dynamodb";

import type { WireItem } from "../change/attribute-value.js";
import { classifyDynamoDbError } from "./classify-error.js";

/**
 * Parts that a table is read in, one after the other.
 *
 * On AWS they only cost a request each. DynamoDB Local sorts all that is left of a part for each of its pages: a table in
 * one part takes it time that grows with the square of its size, until it answers with `InternalFailure`.
 */
export const SCAN_SEGMENTS = 16;

/**
 * All items of a table, read strongly consistently and part by part, in no order.
 *
 * Rejects as {@link classifyDynamoDbError} says.
 *
 * @param TableName the name DynamoDB knows the table by.
 */
export async function* scanTable(
  client: DynamoDBClient,
  TableName: string,
): AsyncGenerator<WireItem> {
  try {
    for (let Segment = 0; Segment < SCAN_SEGMENTS; Segment++) {
      const input = { TableName, ConsistentRead: true, Segment, TotalSegments: SCAN_SEGMENTS };
      for await (const { Items } of paginateScan({ client }, input)) yield* Items ?? [];
    }
  } catch (thrown) {
    throw classifyDynamoDbError(thrown, TableName);
  }
}
