/** Millrace on AWS: what `infra.cjs` gives to serverless.yml, and the same as a plain template. */
export type { DeploymentSettings } from "./deployment.js";
export { type FunctionDefinition, type ServerlessParts, serverlessParts } from "./serverless.js";
export { synthesize, type SynthesizeSettings, type Template } from "./synthesize.js";
export type { Output, Outputs, Resource, Resources, Text } from "./template.js";
