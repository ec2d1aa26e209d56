/** Lambda entry point: a batch of a source's stream, into the views kept in DynamoDB tables. */
import * as pipeline from "../pipeline.js";
import { createTablesHandler } from "../src/compose.js";

export const handler = createTablesHandler(pipeline);
