import { FUNCTION_TIMEOUT_SECONDS } from "../lambda/mapping-settings.js";
import { type Declarations, followedTables, isNotification } from "../view/declarations.js";
import type { View } from "../view/view.js";

/** What a function is called with: changes of streams, or messages of a queue about one of two things. */
export type FunctionWork = "changes" | "failures" | "backfill";

/** One of the pipeline's functions: the views it is about, the tables whose streams or items it reads, and what it needs. */
export interface FunctionPlan {
  /** Also names its handler: `handlers/<name>.handler`. */
  readonly name: string;
  readonly description: string;
  readonly work: FunctionWork;
  readonly views: readonly View[];
  /** Declared names of the tables that these views follow. */
  readonly followed: readonly string[];
  /** Whether it talks to the cache, and so has to be where that is reached. */
  readonly usesCache: boolean;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

/** A function that a queue of its own calls. */
export type QueuePlan = FunctionPlan & { readonly work: Exclude<FunctionWork, "changes"> };

type Kind = Omit<FunctionPlan, "views" | "followed" | "usesCache"> & {
  readonly isAbout: (view: View) => boolean;
};

/**
 * Seconds that a batch given up may take to be parked: at most 500 records in each view of a function, one transaction
 * after the other, is a minute of work. The rest is for a state table that is throttled.
 */
export const FAILURES_TIMEOUT_SECONDS = 300;

/**
 * Seconds that a function works on a segment before it sends on what remains. A message whose function died comes again
 * after six times as long: in a quarter of an hour, after which the command, too, takes a segment for abandoned.
 */
export const BACKFILL_TIMEOUT_SECONDS = 150;

/**
 * The functions there are. A further one is a further entry, and a handler of its name.
 *
 * CPU comes with memory, and 1,769 MB is one whole core. Source:
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
 */
const KINDS: readonly Kind[] = [
  {
    name: "tables",
    description: "Keeps the views in DynamoDB tables true",
    work: "changes",
    isAbout: ({ kind }) => kind !== "cache-view",
    // One core: a batch is bound by the CPU of the SDK's calls, most of a millisecond each.
    memoryMb: 1769,
    timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
  },
  {
    name: "cache",
    description: "Keeps the views in Redis or Valkey true",
    work: "changes",
    isAbout: ({ kind }) => kind === "cache-view",
    // Half a core and more: a batch is a few pipelined scripts, and waits for the network.
    memoryMb: 1024,
    timeoutSeconds: FUNCTION_TIMEOUT_SECONDS,
  },
  {
    name: "failures",
    description: "Puts what Lambda gave up into quarantine",
    work: "failures",
    isAbout: () => true,
    // Room for a batch of 6 MB, its text and its records at once; it waits for one transaction after the other.
    memoryMb: 512,
    timeoutSeconds: FAILURES_TIMEOUT_SECONDS,
  },
  {
    name: "backfill",
    description: "Brings items that exist already into views",
    work: "backfill",
    isAbout: (view) => !isNotification(view),
    // One core, as for tables: it writes the same rows by the same calls.
    memoryMb: 1769,
    timeoutSeconds: BACKFILL_TIMEOUT_SECONDS,
  },
];

/** The functions a pipeline needs: none where no view is declared that it would be about. */
export function functionPlans({ views }: Declarations): readonly FunctionPlan[] {
  return KINDS.map(({ isAbout, ...kind }) => {
    const own = views.filter(isAbout);
    const followed = followedTables({ sources: [], views: own }).map(({ table }) => table);
    const usesCache = kind.work !== "failures" && own.some((view) => view.kind === "cache-view");
    return { ...kind, views: own, followed, usesCache };
  }).filter((plan) => plan.views.length > 0);
}

/** The functions that streams call. */
export function changePlans(plans: readonly FunctionPlan[]): readonly FunctionPlan[] {
  return plans.filter(({ work }) => work === "changes");
}

/** The functions that queues call. */
export function queuePlans(plans: readonly FunctionPlan[]): readonly QueuePlan[] {
  return plans.filter((plan): plan is QueuePlan => plan.work !== "changes");
}

/** The views of a function that follow a table. */
export function viewsFollowing({ views }: FunctionPlan, table: string): readonly View[] {
  return views.filter(({ source }) => source.table === table);
}
