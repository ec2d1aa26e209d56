import { stringify } from "yaml";

import { synthesize } from "../../deploy/synthesize.js";
import { loadPipeline } from "../load-project.js";

/** What `millrace synth` takes. */
export interface SynthOptions {
  readonly pipeline: string;
  readonly service: string;
  readonly stage: string;
  /** Declared names of tables that exist. */
  readonly existingTable?: readonly string[];
  readonly existingCache?: boolean;
  readonly existingVpc?: boolean;
  readonly alarmEmail?: string;
  readonly format: "yaml" | "json";
}

/** Prints the deployment of a pipeline as a plain CloudFormation template on standard output. */
export async function synth(options: SynthOptions): Promise<void> {
  const { pipeline, service, stage, existingTable, format } = options;
  const { exports } = await loadPipeline(process.cwd(), pipeline);
  const template = synthesize(exports, {
    service,
    stage,
    ...(existingTable && { existingTables: existingTable }),
    existingCache: options.existingCache ?? false,
    existingVpc: options.existingVpc ?? false,
    ...(options.alarmEmail !== undefined && { alarmEmail: options.alarmEmail }),
  });
  const text =
    format === "json"
      ? // For programs, and within the 51,200 bytes that CloudFormation takes without a bucket.
        JSON.stringify(template)
      : // Aliases and folded lines are beyond what some readers of YAML take.
        stringify(template, { aliasDuplicateObjects: false, lineWidth: 0 });
  await new Promise<void>((written) =>
    process.stdout.write(`${text.trimEnd()}\n`, () => written()),
  );
}
