/** Lambda entry point: segments of a backfill, taken from a queue. */
import * as pipeline from "../pipeline.js";
import { createBackfillHandler } from "../src/compose-backfill.js";

export const handler = createBackfillHandler(pipeline);
