import { type Declarations, followedTables } from "../view/declarations.js";
import type { View } from "../view/view.js";

/** One of the pipeline's functions: its name, the views it writes, and the tables whose streams these follow. */
export interface FunctionPlan {
  readonly name: "tables" | "cache";
  readonly description: string;
  readonly views: readonly View[];
  /** Declared names of tables. */
  readonly followed: readonly string[];
}

/** The functions a pipeline needs: none for a kind of view that nobody declared. */
export function functionPlans({ views }: Declarations): readonly FunctionPlan[] {
  const cache = views.filter(({ kind }) => kind === "cache-view");
  const tables = views.filter(({ kind }) => kind !== "cache-view");
  return [
    planOf("tables", "Keeps the views in DynamoDB tables true", tables),
    planOf("cache", "Keeps the views in Redis or Valkey true", cache),
  ].filter((plan) => plan.views.length > 0);
}

function planOf(
  name: FunctionPlan["name"],
  description: string,
  views: readonly View[],
): FunctionPlan {
  const followed = followedTables({ sources: [], views }).map(({ table }) => table);
  return { name, description, views, followed };
}
