/**
 * Writes one entry by the cache handler, as a process of its own: which certificates it trusts is fixed when it starts.
 *
 * Usage: write-cache-entry.ts <id>. Prints the handler's response.
 */
import { createCacheHandler } from "../../src/compose-cache.js";
import { hotItems, writeOf } from "./hot-items.js";

process.env["POWERTOOLS_LOG_LEVEL"] = "SILENT";
process.env["POWERTOOLS_METRICS_DISABLED"] = "true";
const handler = createCacheHandler({ hotItems });
const context = { getRemainingTimeInMillis: () => 3_000, awsRequestId: "1" };
const response = await handler(writeOf(process.argv[2] ?? ""), context);
process.stdout.write(JSON.stringify(response), () => process.exit());
