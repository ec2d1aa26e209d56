import type { DynamoDBStreamEvent } from "aws-lambda";

import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { streamRecord } from "./records.js";

const items = source<{ id: string }>({ table: "orders", key: ["id"] });

/** A view that tests of connections write through. */
export const hotItems = cacheView({
  name: "hot-items",
  source: items,
  type: "hash",
  key: ({ id }) => id,
});

/** The event of an item that was written. */
export function writeOf(...ids: string[]): DynamoDBStreamEvent {
  return { Records: ids.map((id) => streamRecord({ new: { id } })) };
}
