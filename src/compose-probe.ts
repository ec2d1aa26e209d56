import { dynamoDbClient, systemClock } from "./compose.js";
import { redisClient } from "./compose-cache.js";
import { type Config, physicalName } from "./config.js";
import { MillraceError } from "./errors.js";
import { probe, type ProbeReport } from "./probe/probe.js";
import { createProbedCache } from "./probe/probed-cache.js";
import { createSourceItems } from "./upkeep/source-items.js";
import type { CacheView } from "./view/cache-view.js";
import type { Declarations } from "./view/declarations.js";
import type { View } from "./view/view.js";

/** What {@link probeView} takes. */
export interface ProbeSettings {
  /** Keys a sample has, about. */
  readonly sampleSize: number;
  /** How long samples are taken: one where it is 0, and without end where it is `Infinity`. */
  readonly forMs: number;
  /** Whether the source may be gone over as a whole, for entries that do not tell their item. */
  readonly searchesOwners: boolean;
  /** What the view's keys begin with, where that is not to be taken from the keys it derives. */
  readonly prefix?: string;
  readonly signal: AbortSignal;
  readonly onReport?: (report: ProbeReport) => void;
}

/**
 * Compares a cache view with its source, in the environment of the pipeline.
 *
 * @throws `configuration` where the view keeps nothing that could be compared.
 */
export async function probeView(
  config: Config,
  declarations: Declarations,
  view: View,
  settings: ProbeSettings,
): Promise<ProbeReport> {
  const probed = probeable(view);
  const client = dynamoDbClient(config);
  const redis = redisClient(config);
  try {
    return await probe({
      ...settings,
      view: probed,
      siblings: siblingsOf(declarations, probed),
      items: createSourceItems({ client, tableName: (table) => physicalName(config, table) }),
      cache: createProbedCache(redis),
      clock: systemClock,
    });
  } finally {
    redis.disconnect();
    client.destroy();
  }
}

function probeable(view: View): CacheView {
  if (view.kind !== "cache-view") {
    throw new MillraceError(
      "configuration",
      `view "${view.name}" is kept in a table; a probe is for what is kept in a cache`,
    );
  }
  if (view.type !== "stream" && view.type !== "channel") return view;
  throw new MillraceError(
    "configuration",
    `view "${view.name}" is a ${view.type}: it tells of changes and keeps nothing to compare`,
  );
}

/** Views of the same source and kind: by its key alone, an entry may be any of theirs. */
function siblingsOf({ views }: Declarations, view: CacheView): readonly CacheView[] {
  return views
    .filter((other) => other.kind === "cache-view")
    .filter(({ source, type }) => source.table === view.source.table && type === view.type)
    .filter((other) => other !== view);
}
