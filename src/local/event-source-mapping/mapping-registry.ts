import { randomUUID } from "node:crypto";

import { NO_RECORDS_PROCESSED } from "./last-processing-result.js";
import {
  type ApiError,
  invalidParameter,
  type MappingRequest,
  requestMistake,
  type SourceKind,
  sourceKind,
} from "./mapping-request.js";

/** What a registry of mappings has to know of everything else in an account. */
export interface MappingWorld {
  readonly region: string;
  readonly accountId: string;
  functionExists(name: string, qualifier: string | undefined): boolean;
  streamExists(arn: string): boolean;
  /** Whether the function's role may read the stream. */
  mayRead(functionName: string, streamArn: string): boolean;
  /** Unix time in milliseconds. */
  nowMs(): number;
}

/** A mapping as Lambda's API tells of it. */
export type MappingConfiguration = Readonly<Record<string, unknown>> & {
  readonly UUID: string;
  readonly State: string;
};

/** What an operation comes to. */
export type ApiAnswer<T> =
  { readonly ok: true; readonly response: T } | { readonly ok: false; readonly error: ApiError };

/** Lambda's operations on event source mappings. */
export interface MappingRegistry {
  create(request: MappingRequest): ApiAnswer<MappingConfiguration>;
  update(uuid: string, request: MappingRequest): ApiAnswer<MappingConfiguration>;
  get(uuid: string): ApiAnswer<MappingConfiguration>;
  list(filter?: {
    readonly FunctionName?: string;
    readonly EventSourceArn?: string;
  }): ApiAnswer<{ readonly EventSourceMappings: readonly MappingConfiguration[] }>;
  delete(uuid: string): ApiAnswer<MappingConfiguration>;
}

interface Entry {
  readonly uuid: string;
  readonly kind: SourceKind;
  readonly functionName: string;
  readonly functionArn: string;
  readonly request: MappingRequest;
  readonly modifiedAtMs: number;
}

const NOT_FOUND: ApiError = {
  code: "ResourceNotFoundException",
  message: "The resource you requested does not exist.",
  type: "User",
};

/**
 * An account's event source mappings, answering as Lambda's API was recorded to.
 *
 * What takes time on AWS is done at the next question here: a mapping that is `Creating` in the answer to its creation
 * is `Enabled` or `Disabled` when it is asked for.
 */
export function createMappingRegistry(world: MappingWorld): MappingRegistry {
  const entries = new Map<string, Entry>();

  function answer(entry: Entry, state: string = settledState(entry)) {
    return { ok: true as const, response: describe(entry, state, world) };
  }

  function notFoundOr<T>(uuid: string, then: (entry: Entry) => ApiAnswer<T>): ApiAnswer<T> {
    const entry = entries.get(uuid);
    return entry ? then(entry) : { ok: false, error: NOT_FOUND };
  }

  /** What is wrong with an entry as things are. */
  function conflict({ uuid, functionName, request, kind }: Entry): ApiError | undefined {
    const arn = request.EventSourceArn ?? "";
    const [name = "", qualifier] = functionName.split(":");
    if (!world.functionExists(name, qualifier)) return invalidParameter("Function does not exist");
    if (kind !== "sqs") {
      if (!world.mayRead(name, arn))
        return invalidParameter(
          `Cannot access stream ${arn}. Please ensure the role can perform the GetRecords, GetShardIterator, DescribeStream, and ListStreams Actions on your stream in IAM.`,
        );
      if (!world.streamExists(arn)) return invalidParameter(`Stream not found: ${arn}`);
    }
    const twin = [...entries.values()].find(
      (other) =>
        other.uuid !== uuid &&
        other.functionName === functionName &&
        other.request.EventSourceArn === arn,
    );
    if (!twin) return undefined;
    const message = `The event source arn (" ${arn} ") and function (" ${functionName} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${twin.uuid}`;
    return { code: "ResourceConflictException", message, type: "User" };
  }

  /** Keeps an entry unless something is wrong with it. */
  function keep(uuid: string, request: MappingRequest, state: string) {
    const kind = sourceKind(request.EventSourceArn);
    const mistake = requestMistake(request, kind);
    if (mistake || !kind) return { ok: false as const, error: mistake ?? NOT_FOUND };
    const { name, arn } = functionOf(request.FunctionName ?? "", world);
    const modifiedAtMs = world.nowMs();
    const entry = { uuid, kind, request, modifiedAtMs, functionName: name, functionArn: arn };
    const error = conflict(entry);
    if (error) return { ok: false as const, error };
    entries.set(uuid, entry);
    return answer(entry, state);
  }

  return {
    create: (request) => keep(randomUUID(), request, "Creating"),
    update: (uuid, request) =>
      notFoundOr(uuid, (entry) => {
        const merged = { ...entry.request, ...request };
        return keep(uuid, merged, updatingState(entry.request.Enabled ?? true, request.Enabled));
      }),
    get: (uuid) => notFoundOr(uuid, (entry) => answer(entry)),
    list: ({ FunctionName, EventSourceArn } = {}) => {
      const wanted = FunctionName === undefined ? undefined : functionOf(FunctionName, world).name;
      const EventSourceMappings = [...entries.values()]
        .filter(({ functionName }) => wanted === undefined || functionName === wanted)
        .filter(({ request }) => [undefined, request.EventSourceArn].includes(EventSourceArn))
        .map((entry) => answer(entry).response);
      return { ok: true, response: { EventSourceMappings } };
    },
    delete: (uuid) =>
      notFoundOr(uuid, (entry) => {
        entries.delete(uuid);
        return answer(entry, "Deleting");
      }),
  };
}

function settledState({ request }: Entry): string {
  return (request.Enabled ?? true) ? "Enabled" : "Disabled";
}

function updatingState(wasEnabled: boolean, enabled: boolean | undefined): string {
  if (enabled === undefined || enabled === wasEnabled) return "Updating";
  return enabled ? "Enabling" : "Disabling";
}

/** A function by its name, partial ARN or ARN: its name with what qualifies it, and its ARN as mapped. */
function functionOf(given: string, { region, accountId }: MappingWorld) {
  const name = given.replace(/^(?:arn:[^:]+:lambda:[^:]*:)?(?:\d{12}:)?(?:function:)?/, "");
  return { name, arn: `arn:aws:lambda:${region}:${accountId}:function:${name}` };
}

/** A mapping in the answer's own order of keys. */
function describe(entry: Entry, state: string, world: MappingWorld): MappingConfiguration {
  const { uuid, request, functionArn, kind, modifiedAtMs } = entry;
  const { region, accountId } = world;
  const { StartingPosition, ParallelizationFactor = 1, EventSourceArn, FilterCriteria } = request;
  const isStream = kind !== "sqs";
  return {
    UUID: uuid,
    ...(isStream && { StartingPosition }),
    BatchSize: request.BatchSize ?? (isStream ? 100 : 10),
    MaximumBatchingWindowInSeconds: request.MaximumBatchingWindowInSeconds ?? 0,
    ...(isStream && { ParallelizationFactor }),
    EventSourceArn,
    ...((FilterCriteria?.Filters ?? []).length > 0 && { FilterCriteria }),
    FunctionArn: functionArn,
    LastModified: new Date(modifiedAtMs).toISOString(),
    ...(isStream && { LastProcessingResult: NO_RECORDS_PROCESSED }),
    State: state,
    StateTransitionReason: isStream ? "User action" : "USER_INITIATED",
    ...(isStream && {
      DestinationConfig: { OnFailure: {}, ...request.DestinationConfig },
      MaximumRecordAgeInSeconds: request.MaximumRecordAgeInSeconds ?? -1,
      BisectBatchOnFunctionError: request.BisectBatchOnFunctionError ?? false,
      MaximumRetryAttempts: request.MaximumRetryAttempts ?? -1,
      TumblingWindowInSeconds: request.TumblingWindowInSeconds ?? 0,
    }),
    FunctionResponseTypes: request.FunctionResponseTypes ?? [],
    EventSourceMappingArn: `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuid}`,
  };
}
