import { compilePattern } from "./filter-pattern.js";
import {
  ageMistake,
  FILTERED_WINDOWS,
  type MappingSettings,
  type NumericSetting,
  PARALLEL_WINDOWS,
  rangeMistake,
  SETTING_RANGES,
} from "./settings.js";

/** An answer that is an error, as Lambda's API gives it. */
export interface ApiError {
  readonly code: string;
  readonly message: string;
  readonly type: "User" | null;
}

/** What CreateEventSourceMapping and UpdateEventSourceMapping take, by AWS's names. */
export interface MappingRequest {
  readonly FunctionName?: string;
  readonly EventSourceArn?: string;
  readonly Enabled?: boolean;
  readonly StartingPosition?: string;
  readonly StartingPositionTimestamp?: unknown;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly ParallelizationFactor?: number;
  readonly MaximumRecordAgeInSeconds?: number;
  readonly MaximumRetryAttempts?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly TumblingWindowInSeconds?: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly FilterCriteria?: { readonly Filters?: readonly { readonly Pattern?: string }[] };
  readonly DestinationConfig?: {
    readonly OnFailure?: { readonly Destination?: string };
    readonly OnSuccess?: { readonly Destination?: string };
  };
  readonly [other: string]: unknown;
}

/** What a source is, as far as the rules for its settings differ. */
export type SourceKind = "dynamodb" | "kinesis" | "sqs";

const STARTING_POSITIONS = ["LATEST", "AT_TIMESTAMP", "TRIM_HORIZON"];
const MAX_PATTERN_LENGTH = 4096;
/** Settings of other kinds of sources, which a stream's mapping refuses. */
const NOT_FOR_STREAMS = ["ScalingConfig", "Topics", "Queues", "ProvisionedPollerConfig"];
/** Settings of streams, which a queue's mapping refuses. */
const NOT_FOR_QUEUES = ["DestinationConfig", "ParallelizationFactor", "MaximumRecordAgeInSeconds"];

/** The kind of a source by its ARN. */
export function sourceKind(eventSourceArn: string | undefined): SourceKind | undefined {
  const service = eventSourceArn?.split(":")[2];
  return service === "dynamodb" || service === "kinesis" || service === "sqs" ? service : undefined;
}

/**
 * What is wrong with a request by itself, whatever exists: first what the API's model refuses, then what Lambda does.
 *
 * Source: recorded answers of CreateEventSourceMapping and UpdateEventSourceMapping.
 *
 * @param kind of the source; `undefined` where the request names none that is known.
 */
export function requestMistake(
  request: MappingRequest,
  kind: SourceKind | undefined,
): ApiError | undefined {
  const misshapen = shapeMistake(request);
  if (misshapen !== undefined)
    return {
      code: "ParamValidation",
      message: `Parameter validation failed:\n${misshapen}`,
      type: null,
    };
  const mistakes = modelMistakes(request);
  if (mistakes.length > 0) return validation(mistakes);
  if (kind === undefined) return invalidParameter("Unrecognized event source.");
  const message = kind === "sqs" ? queueMistake(request) : streamMistake(request, kind);
  return message === undefined ? undefined : invalidParameter(message);
}

/** Lambda's answer to a value it does not take. */
export function invalidParameter(message: string): ApiError {
  return { code: "InvalidParameterValueException", message, type: "User" };
}

/** What an SDK refuses to send. */
function shapeMistake({ FilterCriteria }: MappingRequest): string | undefined {
  if (FilterCriteria === undefined) return undefined;
  const what = "Invalid type for parameter FilterCriteria";
  if (typeof FilterCriteria !== "object" || (FilterCriteria as unknown) === null)
    return `${what}, value: ${JSON.stringify(FilterCriteria)}`;
  const unknown = Object.keys(FilterCriteria).find((name) => name !== "Filters");
  if (unknown !== undefined)
    return `Unknown parameter in FilterCriteria: "${unknown}", must be one of: Filters`;
  if (FilterCriteria.Filters === undefined) return undefined;
  if (!Array.isArray(FilterCriteria.Filters)) return `${what}.Filters`;
  const wrong = FilterCriteria.Filters.findIndex(
    (filter: unknown) =>
      typeof filter !== "object" ||
      filter === null ||
      !["string", "undefined"].includes(typeof (filter as { Pattern?: unknown }).Pattern),
  );
  return wrong < 0 ? undefined : `${what}.Filters[${wrong}].Pattern`;
}

/** What the API's model refuses, each in its words. */
function modelMistakes(request: MappingRequest): string[] {
  const names = Object.keys(SETTING_RANGES) as NumericSetting[];
  const outOfRange = names.flatMap((name) => {
    const value = request[name.charAt(0).toUpperCase() + name.slice(1)];
    return typeof value === "number" ? (rangeMistake(name, value) ?? []) : [];
  });
  const { StartingPosition: start, FunctionResponseTypes: types = [] } = request;
  const position =
    start === undefined || STARTING_POSITIONS.includes(start)
      ? []
      : [
          `Value '${start}' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [${STARTING_POSITIONS.join(", ")}]`,
        ];
  const responseTypes = types.every((type) => type === "ReportBatchItemFailures")
    ? []
    : [
        `Value '[${types.join(", ")}]' at 'functionResponseTypes' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures], Member must not be null]`,
      ];
  const patterns = (request.FilterCriteria?.Filters ?? []).flatMap(({ Pattern = "" }, i) =>
    Pattern.length <= MAX_PATTERN_LENGTH
      ? []
      : [
          `Value '${Pattern}' at 'filterCriteria.filters.${i + 1}.member.pattern' failed to satisfy constraint: Member must have length less than or equal to ${MAX_PATTERN_LENGTH}`,
        ],
  );
  return [...outOfRange, ...position, ...responseTypes, ...patterns];
}

function validation(mistakes: readonly string[]): ApiError {
  const count = `${mistakes.length} validation error${mistakes.length === 1 ? "" : "s"} detected`;
  return { code: "ValidationException", message: `${count}: ${mistakes.join("; ")}`, type: null };
}

function unsupported(request: MappingRequest, names: readonly string[]): string | undefined {
  const name = names.find((each) => request[each] !== undefined);
  return name && `Unsupported ${name} parameter for given event source mapping type.`;
}

function queueMistake(request: MappingRequest): string | undefined {
  const { BatchSize = 10, MaximumBatchingWindowInSeconds = 0 } = request;
  if (BatchSize > 10 && MaximumBatchingWindowInSeconds === 0)
    return "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10";
  return unsupported(request, NOT_FOR_QUEUES) ?? filterMistake(request);
}

function streamMistake(request: MappingRequest, kind: SourceKind): string | undefined {
  const { DestinationConfig, MaximumRecordAgeInSeconds: age = -1 } = request;
  if (DestinationConfig?.OnSuccess !== undefined)
    return "OnSuccess configuration is not supported for event source mappings.";
  return (
    unsupported(request, NOT_FOR_STREAMS) ??
    positionMistake(request, kind) ??
    ageMistake(age) ??
    windowMistake(request) ??
    filterMistake(request)
  );
}

function positionMistake(request: MappingRequest, kind: SourceKind): string | undefined {
  const { StartingPosition, StartingPositionTimestamp, EventSourceArn = "" } = request;
  if (StartingPosition === undefined)
    return "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.";
  if (kind === "dynamodb" && StartingPosition === "AT_TIMESTAMP")
    return `Unsupported starting position for arn type: ${EventSourceArn}`;
  if (StartingPositionTimestamp !== undefined && StartingPosition !== "AT_TIMESTAMP")
    return "Timestamp only valid with StartingPosition AT_TIMESTAMP";
  return undefined;
}

function windowMistake(request: MappingRequest): string | undefined {
  const { TumblingWindowInSeconds = 0, ParallelizationFactor = 1, FilterCriteria } = request;
  if (TumblingWindowInSeconds === 0) return undefined;
  if (ParallelizationFactor > 1) return PARALLEL_WINDOWS;
  return (FilterCriteria?.Filters ?? []).length > 0 ? FILTERED_WINDOWS : undefined;
}

function filterMistake({ FilterCriteria }: MappingRequest): string | undefined {
  for (const { Pattern = "" } of FilterCriteria?.Filters ?? []) {
    try {
      compilePattern(Pattern);
    } catch {
      return "Invalid filter pattern definition.";
    }
  }
  return undefined;
}

/** The settings of a request by the names that a local mapping takes; what is not given keeps its default. */
export function settingsOf(request: MappingRequest): Partial<MappingSettings> & {
  readonly filterPatterns: readonly string[];
} {
  const settings = {
    batchSize: request.BatchSize,
    maximumBatchingWindowInSeconds: request.MaximumBatchingWindowInSeconds,
    parallelizationFactor: request.ParallelizationFactor,
    startingPosition: request.StartingPosition,
    bisectBatchOnFunctionError: request.BisectBatchOnFunctionError,
    maximumRetryAttempts: request.MaximumRetryAttempts,
    maximumRecordAgeInSeconds: request.MaximumRecordAgeInSeconds,
    tumblingWindowInSeconds: request.TumblingWindowInSeconds,
    reportBatchItemFailures: request.FunctionResponseTypes?.includes("ReportBatchItemFailures"),
  };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return {
    ...(Object.fromEntries(given) as Partial<MappingSettings>),
    filterPatterns: (request.FilterCriteria?.Filters ?? []).map(({ Pattern = "" }) => Pattern),
  };
}
