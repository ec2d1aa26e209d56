import { FUNCTION_TIMEOUT_SECONDS } from "../lambda/mapping-settings.js";
import { type Declarations, followedTables } from "../view/declarations.js";
import type { View } from "../view/view.js";

/** One of the pipeline's functions: the views it writes, the tables whose streams these follow, and what it needs. */
export interface FunctionPlan {
  /** Also names its handler: `handlers/<name>.handler`. */
  readonly name: string;
  readonly description: string;
  readonly views: readonly View[];
  /** Declared names of tables. */
  readonly followed: readonly string[];
  /** Whether it talks to the cache, and so has to be where that is reached. */
  readonly usesCache: boolean;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
}

type Kind = Pick<FunctionPlan, "name" | "description" | "usesCache" | "memoryMb"> & {
  readonly writes: (view: View) => boolean;
};

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
    writes: ({ kind }) => kind !== "cache-view",
    usesCache: false,
    // One core: a batch is bound by the CPU of the SDK's calls, most of a millisecond each.
    memoryMb: 1769,
  },
  {
    name: "cache",
    description: "Keeps the views in Redis or Valkey true",
    writes: ({ kind }) => kind === "cache-view",
    usesCache: true,
    // Half a core and more: a batch is a few pipelined scripts, and waits for the network.
    memoryMb: 1024,
  },
];

/** The functions a pipeline needs: none for a kind of view that nobody declared. */
export function functionPlans({ views }: Declarations): readonly FunctionPlan[] {
  return KINDS.map(({ writes, ...kind }) => {
    const own = views.filter(writes);
    const followed = followedTables({ sources: [], views: own }).map(({ table }) => table);
    return { ...kind, views: own, followed, timeoutSeconds: FUNCTION_TIMEOUT_SECONDS };
  }).filter((plan) => plan.views.length > 0);
}

/** The views of a function that follow a table. */
export function viewsFollowing({ views }: FunctionPlan, table: string): readonly View[] {
  return views.filter(({ source }) => source.table === table);
}
