import { CreateTableCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";

import { createTableInput } from "../../src/dynamodb/table-definition.js";
import { STATE_TABLE } from "../../src/state/state-table.js";

let made = 0;

/** Creates a state table of the test's own, and gives its name. */
export async function createStateTable(client: DynamoDBClient): Promise<string> {
  const table = `state-${process.pid}-${Date.now()}-${++made}`;
  await client.send(new CreateTableCommand(createTableInput({ ...STATE_TABLE, table }, table)));
  return table;
}
