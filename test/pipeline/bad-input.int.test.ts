import { afterAll } from "@jest/globals";

import { ensureTables } from "../../src/local/ensure-tables.js";
import { createDynamoDbStore } from "../../src/sink/aggregate/dynamodb-store.js";
import { createDynamoDbQuarantine } from "../../src/state/dynamodb-quarantine.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { testDynamoDb } from "../support/endpoints.js";
import { describeBadInput } from "./bad-input.js";

const client = testDynamoDb();
const stateTable = `bad-input-${process.pid}-${Date.now()}`;
afterAll(() => client.destroy());

describeBadInput(async (view) => {
  const declarations = collectDeclarations({ view });
  await ensureTables({ client, declarations, physicalName: (table) => table, stateTable });
  return {
    store: createDynamoDbStore({ client, tableName: (table) => table }),
    quarantine: createDynamoDbQuarantine({ client, tableName: stateTable }),
  };
});
