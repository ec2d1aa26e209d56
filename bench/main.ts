import { latency } from "./latency.js";
import { mappingLatency } from "./mapping-latency.js";
import { soak } from "./soak.js";

// The SDK's notice about coming Node versions would stand in the middle of the figures.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

// `npm run bench -- soak`: the long one by itself.
const figures: unknown = process.argv.includes("soak")
  ? { soak: await soak() }
  : [...(await latency()), { mapping: await mappingLatency() }];
if (process.argv.includes("--json")) console.log(JSON.stringify(figures));
process.exit();
