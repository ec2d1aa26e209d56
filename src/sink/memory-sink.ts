import { decodeItem, type Item } from "../change/attribute-value.js";
import { encodeItem, itemSizeBytes, MAX_ITEM_BYTES } from "../change/encode-item.js";
import { isNewer, type Version } from "../change/version.js";
import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import { collisionError } from "./collision.js";
import type { ApplyResult, Outcome, Sink, StoredRow } from "./sink.js";

interface Entry {
  readonly version: Version;
  readonly owner: string;
  readonly value?: Item;
}

/** What {@link createMemorySink} takes. */
export interface MemorySinkOptions {
  /** Views whose deletions are forgotten, as a table without `tombstones` does; none where it is not given. */
  readonly forgets?: (view: View) => boolean;
}

/**
 * A sink in memory: the reference for what every sink does, and the oracle of tests.
 *
 * Keeps tombstones, as the Redis sink does and as a table view may ask for, unless told to forget.
 */
export function createMemorySink({ forgets = () => false }: MemorySinkOptions = {}): Sink {
  const tables = new Map<string, Map<string, Entry>>();

  function table(view: View): Map<string, Entry> {
    const known = tables.get(view.name) ?? new Map<string, Entry>();
    tables.set(view.name, known);
    return known;
  }

  function answer(mutation: Mutation<View>, change: typeof applyOne): ApplyResult {
    try {
      const { view } = mutation;
      return { outcome: change(table(view), mutation, forgets(view)) };
    } catch (thrown) {
      const error = isMillraceError(thrown)
        ? thrown
        : new MillraceError("refused", messageOf(thrown), { cause: thrown });
      return { outcome: "failed", error };
    }
  }

  return {
    async apply(mutations) {
      return mutations.map((mutation) => answer(mutation, applyOne));
    },
    async correct(mutations) {
      return mutations.map((mutation) => answer(mutation, correctOne));
    },
    async get(view, key) {
      const entry = table(view).get(key);
      return entry && { key, ...entry };
    },
    async *scan(view): AsyncGenerator<StoredRow> {
      for (const [key, entry] of table(view)) if (entry.value) yield { key, ...entry };
    },
    async close() {
      tables.clear();
    },
  };
}

function applyOne(rows: Map<string, Entry>, mutation: Mutation<View>, forgetful: boolean): Outcome {
  const { key, version, owner } = mutation;
  const stored = rows.get(key);
  const value = mutation.type === "put" ? storable(mutation.value) : undefined;
  if (stored && stored.owner !== owner && stored.value) {
    if (mutation.type === "delete") return "stale";
    throw collisionError(mutation, stored.owner);
  }
  if (stored && stored.owner === owner && !isNewer(version, stored.version)) return "stale";
  if (value) rows.set(key, { version, owner, value });
  else if (stored && stored.owner !== owner) return "stale";
  else if (forgetful) return rows.delete(key) ? "applied" : "stale";
  else rows.set(key, { version, owner });
  return "applied";
}

function correctOne(
  rows: Map<string, Entry>,
  mutation: Mutation<View>,
  forgetful: boolean,
): Outcome {
  const { key, version, owner } = mutation;
  const stored = rows.get(key);
  if (stored?.version !== version || stored.owner !== owner) return "stale";
  if (mutation.type === "put") rows.set(key, { version, owner, value: storable(mutation.value) });
  else if (forgetful) rows.delete(key);
  else rows.set(key, { version, owner });
  return "applied";
}

/** The value as a table would give it back: a copy, so that nobody changes what is stored. */
function storable(value: Item): Item {
  const encoded = encodeItem(value);
  const size = itemSizeBytes(encoded);
  if (size <= MAX_ITEM_BYTES) return decodeItem(encoded);
  throw new MillraceError(
    "invalid-row",
    `the row weighs ${size} bytes; an item holds at most ${MAX_ITEM_BYTES}`,
  );
}
