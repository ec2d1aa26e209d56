import { cache } from "./cache.js";
import { latency } from "./latency.js";

// The SDK's notice about coming Node versions would stand in the middle of the figures.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

/** All sections, or the one that is named: `npm run bench -- cache`. */
const only = process.argv.slice(2).find((argument) => !argument.startsWith("--"));
const figures = {
  ...((only ?? "latency") === "latency" && { latency: await latency() }),
  ...((only ?? "cache") === "cache" && { cache: await cache() }),
};
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
process.exit();
