import { configurationError } from "../../errors.js";
import {
  type MappingRequest,
  requestMistake,
} from "../../local/event-source-mapping/mapping-request.js";
import type { ConfigValue, ServerlessConfig } from "./read-serverless-config.js";
import { resolveIntrinsic, type Resources } from "./resolve-intrinsic.js";

type Fields = Readonly<Record<string, ConfigValue>>;

/** A mapping of a function, as it would be deployed. */
export interface FunctionMapping {
  readonly table: string;
  readonly request: MappingRequest;
  /** ARN of the failure destination, where there is one. */
  readonly onFailureArn?: string;
}

/** A function that follows at least one table. */
export interface StreamFunction {
  /** Its name on AWS. */
  readonly name: string;
  /** `path/of/file.export`. */
  readonly handler: string;
  readonly timeoutSeconds: number;
  readonly memoryLimitInMB: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly mappings: readonly FunctionMapping[];
}

/**
 * The functions of a serverless.yml that follow tables, with the settings that the Serverless Framework would give
 * their event source mappings: its defaults are not all AWS's.
 *
 * @throws `configuration`, listing every event whose table cannot be known here or whose settings AWS would refuse.
 */
export function streamFunctions(config: ServerlessConfig): readonly StreamFunction[] {
  const resources = resourcesOf(config);
  const mistakes: string[] = [];
  const functions = Object.entries(fieldsOf(config["functions"])).flatMap(([key, value]) => {
    const definition = fieldsOf(value);
    const events = (definition["events"] ?? []) as readonly Fields[];
    const mappings = events.flatMap(({ stream }) => {
      if (stream === undefined || !isOfTable(stream)) return [];
      const read = mappingOf(stream, resources);
      if (typeof read !== "string") return [read];
      mistakes.push(`function ${key}: ${read}`);
      return [];
    });
    return mappings.length === 0 ? [] : [functionOf(config, key, definition, mappings, resources)];
  });
  if (mistakes.length > 0) throw configurationError("serverless.yml", mistakes);
  return functions;
}

/** All resources of a serverless.yml, which may list them in parts. */
export function resourcesOf({ resources }: ServerlessConfig): Resources {
  const parts = (Array.isArray(resources) ? resources : [resources]) as readonly ConfigValue[];
  const all = parts.map((part) => fieldsOf(fieldsOf(part)["Resources"]));
  return Object.assign({}, ...all) as Resources;
}

function functionOf(
  config: ServerlessConfig,
  key: string,
  definition: Fields,
  mappings: readonly FunctionMapping[],
  resources: Resources,
): StreamFunction {
  const provider = fieldsOf(config["provider"]);
  const text = (value: ConfigValue | undefined, otherwise: string) =>
    typeof value === "string" ? value : otherwise;
  const number = (name: string, otherwise: number) =>
    Number(definition[name] ?? provider[name] ?? otherwise);
  const stage = text(provider["stage"], "dev");
  const environment = Object.entries({
    ...fieldsOf(provider["environment"]),
    ...fieldsOf(definition["environment"]),
  }).flatMap(([name, value]) => {
    const resolved = resolveIntrinsic(value, resources);
    return resolved === undefined ? [] : [[name, resolved] as const];
  });
  return {
    name: text(definition["name"], `${text(config["service"], "service")}-${stage}-${key}`),
    handler: text(definition["handler"], ""),
    timeoutSeconds: number("timeout", 6),
    memoryLimitInMB: number("memorySize", 1024),
    environment: Object.fromEntries(environment),
    mappings,
  };
}

function isOfTable(stream: ConfigValue): boolean {
  if (typeof stream === "string") return stream.split(":")[2] === "dynamodb";
  const { type, arn } = fieldsOf(stream);
  return type === "dynamodb" || (typeof arn === "string" && arn.split(":")[2] === "dynamodb");
}

/** A stream event as a mapping, or what is wrong with it. */
function mappingOf(stream: ConfigValue, resources: Resources): FunctionMapping | string {
  const event = typeof stream === "string" ? { arn: stream } : fieldsOf(stream);
  const arn = resolveIntrinsic(event["arn"], resources);
  const table = arn && /:table\/([^/]+)/.exec(arn)?.[1];
  if (!table)
    return `the table of ${JSON.stringify(event["arn"])} cannot be known here; define it under resources, or write its ARN`;
  const request = requestOf(event, arn);
  const mistake = requestMistake(request, "dynamodb");
  if (mistake) return `stream of ${table}: ${mistake.message}`;
  const { onFailure } = fieldsOf(event["destinations"]);
  const destination = typeof onFailure === "string" ? onFailure : fieldsOf(onFailure)["arn"];
  const onFailureArn = resolveIntrinsic(destination, resources);
  return { table, request, ...(onFailureArn !== undefined && { onFailureArn }) };
}

/** The properties of AWS::Lambda::EventSourceMapping that the Serverless Framework makes of a stream event. */
function requestOf(event: Fields, EventSourceArn: string): MappingRequest {
  const patterns = event["filterPatterns"] as readonly ConfigValue[] | undefined;
  const optional = {
    MaximumBatchingWindowInSeconds: event["batchWindow"],
    ParallelizationFactor: event["parallelizationFactor"],
    MaximumRetryAttempts: event["maximumRetryAttempts"],
    MaximumRecordAgeInSeconds: event["maximumRecordAgeInSeconds"],
    BisectBatchOnFunctionError: event["bisectBatchOnFunctionError"],
    TumblingWindowInSeconds: event["tumblingWindowInSeconds"],
    FunctionResponseTypes: event["functionResponseType"] && [event["functionResponseType"]],
    FilterCriteria: patterns && {
      Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })),
    },
  };
  return {
    EventSourceArn,
    BatchSize: Number(event["batchSize"] ?? 10),
    StartingPosition: (event["startingPosition"] ?? "TRIM_HORIZON") as string,
    Enabled: event["enabled"] !== false,
    ...(Object.fromEntries(
      Object.entries(optional).filter(([, value]) => value !== undefined && value !== null),
    ) as MappingRequest),
  };
}

function fieldsOf(value: ConfigValue | undefined): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}
