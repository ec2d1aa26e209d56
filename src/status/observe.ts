import {
  DescribeTableCommand,
  type DynamoDBClient,
  ResourceNotFoundException,
} from "@aws-sdk/client-dynamodb";
import type { _Record as SdkRecord, DynamoDBStreamsClient } from "@aws-sdk/client-dynamodb-streams";

import { decodeItem } from "../change/attribute-value.js";
import { classifyDynamoDbError } from "../dynamodb/classify-error.js";
import type { FunctionKind, FunctionProgress, ProgressStore } from "../state/progress.js";
import { ANY_VIEW } from "../state/quarantine.js";
import type { QuarantineCounts } from "../state/quarantine-counts.js";
import { compilePredicate } from "../view/predicate.js";
import type { View } from "../view/view.js";
import { lookAtStream, type Newer } from "./look-at-stream.js";
import type { FunctionObservation, SourceObservation, StreamState } from "./observation.js";
import type { BackfillReader } from "./read-backfill.js";

/** What {@link observe} looks through. */
export interface Observer {
  readonly client: DynamoDBClient;
  readonly streams: DynamoDBStreamsClient;
  readonly progress: Pick<ProgressStore, "read">;
  readonly quarantine: QuarantineCounts;
  readonly backfillsOf: BackfillReader;
  /** The name DynamoDB knows a declared table by. */
  readonly physicalName: (table: string) => string;
  readonly nowMs: () => number;
}

/** A function that ended a batch so short a time ago is at work: nobody needs to look at the stream for that. */
export const RECENT_MS = 10_000;

/** Looks at the sources of some views, and at all that is recorded of them. */
export async function observe(
  observer: Observer,
  views: readonly View[],
): Promise<readonly SourceObservation[]> {
  const sources = [...new Set(views.map((view) => view.source.table))];
  return Promise.all(
    sources.map((source) =>
      observeSource(
        observer,
        source,
        views.filter((view) => view.source.table === source),
      ),
    ),
  );
}

async function observeSource(
  observer: Observer,
  source: string,
  views: readonly View[],
): Promise<SourceObservation> {
  const { quarantine, physicalName } = observer;
  const tableName = physicalName(source);
  const [stream, { functions, mendedAtMs }, fences, backfills] = await Promise.all([
    describeStream(observer.client, tableName),
    observer.progress.read(source),
    quarantine.fences(source),
    observer.backfillsOf(source),
  ]);
  const kinds = new Map(views.map((view) => [view, functionOf(view, functions)]));
  return {
    source,
    tableName,
    stream,
    mendedAtMs,
    functions: await Promise.all(
      [...new Set(kinds.values())].sort().map((kind) => {
        const own = views.filter((view) => kinds.get(view) === kind);
        const progress = functions.find((each) => each.function === kind);
        return observeFunction(observer, stream, kind, own, progress);
      }),
    ),
    views: await Promise.all(
      [...kinds].map(async ([view, kind]) => {
        const backfill = backfills.get(view.name);
        const quarantined = await quarantine.entries(view.name);
        const waiting = { quarantined, fences: fences[view.name] ?? 0 };
        return { view, function: kind, ...waiting, ...(backfill && { backfill }) };
      }),
    ),
    undecoded: fences[ANY_VIEW] ?? 0,
  };
}

/** The function that writes a view: that of its kind or the combined one, whichever recorded something last. */
function functionOf(view: View, functions: readonly FunctionProgress[]): FunctionKind {
  const own = view.kind === "cache-view" ? "cache" : "tables";
  const [latest] = functions
    .filter((each) => each.function === own || each.function === "combined")
    .sort((one, other) => other.batchEndedAtMs - one.batchEndedAtMs);
  return latest?.function ?? own;
}

async function observeFunction(
  observer: Observer,
  stream: StreamState,
  kind: FunctionKind,
  views: readonly View[],
  progress: FunctionProgress | undefined,
): Promise<FunctionObservation> {
  const newer = await newerThan(observer, stream, views, progress);
  return { function: kind, ...(progress && { progress }), newer };
}

async function newerThan(
  { streams, nowMs }: Observer,
  stream: StreamState,
  views: readonly View[],
  progress: FunctionProgress | undefined,
): Promise<Newer> {
  const isRecent = progress && nowMs() - progress.batchEndedAtMs < RECENT_MS;
  if (stream.state !== "on" || isRecent) return { newer: "unknown" };
  return lookAtStream({
    streams,
    streamArn: stream.arn,
    ...(progress?.position && { position: progress.position }),
    isDelivered: mayConcern(views),
    nowMs: nowMs(),
  });
}

/** A mapping leaves out what no view wants, if all of them say so as data. */
function mayConcern(views: readonly View[]): (record: SdkRecord) => boolean {
  const predicates = views.map(({ filter }) => filter && compilePredicate(filter));
  return ({ dynamodb }) =>
    predicates.some(
      (holds) =>
        holds === undefined ||
        [dynamodb?.OldImage, dynamodb?.NewImage].some(
          (image) => image !== undefined && holds(decodeItem(image)),
        ),
    );
}

async function describeStream(client: DynamoDBClient, TableName: string): Promise<StreamState> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }));
    const { StreamEnabled, StreamViewType = "" } = Table?.StreamSpecification ?? {};
    if (StreamEnabled !== true) return { state: "off" };
    if (StreamViewType !== "NEW_AND_OLD_IMAGES")
      return { state: "wrong-type", viewType: StreamViewType };
    return {
      state: "on",
      label: Table?.LatestStreamLabel ?? "",
      arn: Table?.LatestStreamArn ?? "",
    };
  } catch (thrown) {
    if (thrown instanceof ResourceNotFoundException) return { state: "no-table" };
    throw classifyDynamoDbError(thrown, TableName);
  }
}
