/** Lambda entry point: messages about batches that Lambda gave up, into quarantine. */
import * as pipeline from "../pipeline.js";
import { createFailuresHandler } from "../src/compose-failures.js";

export const handler = createFailuresHandler(pipeline);
