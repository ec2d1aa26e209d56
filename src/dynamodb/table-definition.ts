import type { CreateTableCommandInput } from "@aws-sdk/client-dynamodb";

import type { KeyAttribute } from "../view/key.js";

/** A table the pipeline needs, by its declared name. */
export interface TableDefinition {
  readonly table: string;
  readonly key: readonly KeyAttribute[];
  /** Whether views follow its stream. */
  readonly followed: boolean;
  /** The attribute that DynamoDB's time to live watches, where one does. */
  readonly ttlAttribute?: string;
}

/** What CreateTable takes for a table: on demand, and with a stream of both images where views follow it. */
export function createTableInput(
  { key, followed }: TableDefinition,
  TableName: string,
): CreateTableCommandInput {
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: key.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    KeySchema: key.map(({ name }, i) => ({
      AttributeName: name,
      KeyType: i === 0 ? "HASH" : "RANGE",
    })),
    ...(followed && {
      StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
    }),
  };
}
