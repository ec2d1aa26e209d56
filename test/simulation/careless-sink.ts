import { isNewer } from "../../src/change/version.js";
import { collisionError } from "../../src/sink/collision.js";
import type { Outcome, Sink, StoredRow } from "../../src/sink/sink.js";
import type { Mutation } from "../../src/view/row.js";
import type { View } from "../../src/view/view.js";

/** The rules of a sink, each of which somebody may get wrong. */
export interface SinkRules {
  readonly isNewer: (
    mutation: Mutation<View>,
    stored: StoredRow & { readonly changedAtSeconds: number },
  ) => boolean;
  /** Whether a row of another item is left alone. */
  readonly checksOwner: boolean;
  /** Whether a delete is compared with what it deletes. */
  readonly guardsDeletes: boolean;
  readonly keepsTombstones: (view: View) => boolean;
}

/** The rules as they are. */
export const RIGHT_RULES: SinkRules = {
  isNewer: ({ version }, stored) => isNewer(version, stored.version),
  checksOwner: true,
  guardsDeletes: true,
  keepsTombstones: (view) => view.kind !== "table-view" || view.tombstones,
};

/** A sink in memory that keeps the rules it is given, right or wrong. */
export function createCarelessSink(rules: SinkRules): Sink {
  const tables = new Map<string, Map<string, StoredRow & { readonly changedAtSeconds: number }>>();

  function table(view: View) {
    const known =
      tables.get(view.name) ?? new Map<string, StoredRow & { readonly changedAtSeconds: number }>();
    tables.set(view.name, known);
    return known;
  }

  function apply(mutation: Mutation<View>): Outcome {
    const { view, key, version, owner, changedAtSeconds } = mutation;
    const rows = table(view);
    const stored = rows.get(key);
    const isAnothers = rules.checksOwner && stored !== undefined && stored.owner !== owner;
    if (isAnothers && stored.value && mutation.type === "put")
      throw collisionError(mutation, stored.owner);
    if (isAnothers && mutation.type === "delete") return "stale";
    const isGuarded = mutation.type === "put" || rules.guardsDeletes;
    if (stored && !isAnothers && isGuarded && !rules.isNewer(mutation, stored)) return "stale";
    const row = { key, version, owner, changedAtSeconds };
    if (mutation.type === "put") rows.set(key, { ...row, value: mutation.value });
    else if (rules.keepsTombstones(view)) rows.set(key, row);
    else return rows.delete(key) ? "applied" : "stale";
    return "applied";
  }

  function correct({ type, view, key, version, owner, ...mutation }: Mutation<View>): Outcome {
    const rows = table(view);
    const stored = rows.get(key);
    if (stored?.version !== version || stored.owner !== owner) return "stale";
    const { changedAtSeconds } = stored;
    const row = { key, version, owner, changedAtSeconds };
    if (type === "put") rows.set(key, { ...row, value: mutation.value });
    else if (rules.keepsTombstones(view)) rows.set(key, row);
    else rows.delete(key);
    return "applied";
  }

  return {
    correct: async (mutations) => mutations.map((mutation) => ({ outcome: correct(mutation) })),
    apply: async (mutations) =>
      mutations.map((mutation) => {
        try {
          return { outcome: apply(mutation) };
        } catch (error) {
          return { outcome: "failed", error: error as ReturnType<typeof collisionError> };
        }
      }),
    get: async (view, key) => table(view).get(key),
    async *scan(view) {
      for (const row of table(view).values()) if (row.value) yield row;
    },
    close: async () => undefined,
  };
}
