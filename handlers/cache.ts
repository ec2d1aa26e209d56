/** Lambda entry point: a batch of a source's stream, into the views kept in Redis or Valkey. */
import * as pipeline from "../pipeline.js";
import { createCacheHandler } from "../src/compose-cache.js";

export const handler = createCacheHandler(pipeline);
