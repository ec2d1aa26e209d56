import { dynamoDbClient, systemClock } from "./compose.js";
import { type Config, physicalName } from "./config.js";
import { makePlan, type Plan } from "./plan/make-plan.js";
import type { Prices } from "./plan/prices.js";
import type { DeclaredRates } from "./plan/rates.js";
import { createDynamoDbProgress } from "./state/dynamodb-progress.js";
import { createDynamoDbViewRecords } from "./state/dynamodb-view-records.js";
import type { Declarations } from "./view/declarations.js";

/** Makes a plan in the environment of the pipeline. */
export async function planIn(
  config: Config,
  declarations: Declarations,
  rates: DeclaredRates,
  prices: Prices,
): Promise<Plan> {
  const client = dynamoDbClient(config);
  const planner = {
    client,
    records: createDynamoDbViewRecords(client, config.stateTable),
    progress: createDynamoDbProgress({ client, tableName: config.stateTable }),
    physicalName: (table: string) => physicalName(config, table),
    stateTable: config.stateTable,
    nowMs: () => systemClock.nowMs(),
  };
  try {
    return await makePlan(planner, declarations, rates, prices);
  } finally {
    client.destroy();
  }
}
