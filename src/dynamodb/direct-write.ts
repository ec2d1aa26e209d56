import type {
  DeleteItemCommandInput,
  DynamoDBClient,
  PutItemCommandInput,
} from "@aws-sdk/client-dynamodb";

import type { WireItem } from "../change/attribute-value.js";
import { createDirectCaller, type RawAnswer } from "./direct-call.js";

/** A conditional write of one item, by the name of its operation. */
export type ItemWrite =
  | { readonly operation: "PutItem"; readonly input: PutItemCommandInput }
  | { readonly operation: "DeleteItem"; readonly input: DeleteItemCommandInput };

/** What became of a write; `unclear` is whatever else there is, and for the client itself to try again and to tell. */
export type DirectAnswer =
  | { readonly type: "written" }
  | { readonly type: "condition-failed"; readonly item?: WireItem }
  | { readonly type: "unclear" };

const CONDITION_FAILED = /#ConditionalCheckFailedException$/;

/**
 * Makes what sends a write past the client's middleware ({@link createDirectCaller}), because a pipeline makes one call a
 * row; the two answers that a healthy table gives are read, and any other is `unclear`. Writing twice is safe where the
 * write carries its condition (rule V2).
 */
export function createDirectWriter(
  client: DynamoDBClient,
): (write: ItemWrite) => Promise<DirectAnswer> {
  const call = createDirectCaller(client);
  return async ({ operation, input }) => {
    const answer = await call(operation, input);
    return answer ? answerOf(answer) : { type: "unclear" };
  };
}

function answerOf({ statusCode, text }: RawAnswer): DirectAnswer {
  if (statusCode === 200) return { type: "written" };
  if (statusCode !== 400) return { type: "unclear" };
  try {
    const { __type, Item } = JSON.parse(text) as { __type?: string; Item?: WireItem };
    if (CONDITION_FAILED.test(__type ?? ""))
      return { type: "condition-failed", ...(Item && { item: Item }) };
  } catch {
    // Not an answer of DynamoDB's.
  }
  return { type: "unclear" };
}
