import { mappingLatency } from "/work/esm/bench/mapping-latency.ts";
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
console.log(await mappingLatency()); process.exit();
