import { availableParallelism, cpus } from "node:os";
import { parseArgs } from "node:util";

import { aggregateCost, hotGroup } from "./aggregates.js";
import { backfill } from "./backfill.js";
import { cache } from "./cache.js";
import { coldStart } from "./cold-start.js";
import { latency } from "./latency.js";
import { mappingLatency } from "./mapping-latency.js";
import { soak } from "./soak.js";
import { throughput } from "./throughput/throughput.js";

/** What a section of the benchmark is told. */
export interface SectionOptions {
  /** Less of everything: the whole benchmark in under two minutes. */
  readonly quick: boolean;
}

/** Every section prints its own table and answers with what `--json` prints under its name. */
const SECTIONS = {
  results: throughput,
  latency,
  mapping: mappingLatency,
  cost: aggregateCost,
  hot: hotGroup,
  cache,
  coldStart,
  backfill,
  soak,
} as const;

type SectionName = keyof typeof SECTIONS;

/** Takes long, so only where it is named. */
const ONLY_BY_NAME: readonly SectionName[] = ["soak"];

// The SDK's notice about coming Node versions would stand in the middle of the figures.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
});
const known = Object.keys(SECTIONS) as SectionName[];
const unknown = positionals.filter((name) => !known.includes(name as SectionName));
if (unknown.length > 0) {
  console.error(`there is no section ${unknown.join(", ")}; there are ${known.join(", ")}`);
  process.exit(2);
}
const figures: Record<string, unknown> = {};
for (const name of known) {
  const isWanted =
    positionals.length > 0 ? positionals.includes(name) : !ONLY_BY_NAME.includes(name);
  if (!isWanted) continue;
  figures[name] = await SECTIONS[name](values);
}
if (values.json) console.log(JSON.stringify({ machine: machine(), ...figures }));
process.exit();

/** What the figures were measured on. */
function machine() {
  const [processor] = cpus();
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    node: process.version,
    cores: availableParallelism(),
    processor: processor?.model ?? "unknown",
    quick: values.quick,
  };
}
