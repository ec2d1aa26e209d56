import { aggregateCost, hotGroup } from "./aggregates.js";
import { latency } from "./latency.js";

// The SDK's notice about coming Node versions would stand in the middle of the figures.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

const figures = await latency();
const cost = await aggregateCost();
const hot = await hotGroup();
if (process.argv.includes("--json")) console.log(JSON.stringify({ latency: figures, cost, hot }));
process.exit();
