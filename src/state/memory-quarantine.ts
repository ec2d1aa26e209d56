import type { Fence, Fences, Quarantine, QuarantineEntry } from "./quarantine.js";

/** A quarantine in memory, for tests and simulation; keeps the same contract as the durable one. */
export function createMemoryQuarantine(): Quarantine {
  const entries = new Map<string, QuarantineEntry>();
  const fences = new Map<string, Fence & { readonly source: string }>();
  return {
    async fences(source) {
      const own = [...fences.values()].filter((fence) => fence.source === source);
      return fencesOf(own.map(({ view, itemKey, parked }) => ({ view, itemKey, parked })));
    },
    async park(entry, options) {
      const { source, view, itemKey } = entry;
      const key = JSON.stringify([source, view, itemKey]);
      const standing = fences.get(key);
      if (options?.joining && !standing) return "fence-gone";
      fences.set(key, { source, view, itemKey, parked: (standing?.parked ?? 0) + 1 });
      entries.set(JSON.stringify([view, itemKey, entry.position]), entry);
      return "parked";
    },
    async *list(view) {
      const wanted = [...entries.values()].filter(
        (entry) => view === undefined || entry.view === view,
      );
      yield* wanted.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
    },
  };
}

function sortKey({ view, itemKey, position }: QuarantineEntry): string {
  return JSON.stringify([view, itemKey, position]);
}

/** Finds fences by view and item. */
export function fencesOf(list: readonly Fence[]): Fences {
  const byItem = new Map(list.map((fence) => [JSON.stringify([fence.view, fence.itemKey]), fence]));
  return { size: byItem.size, of: (view, itemKey) => byItem.get(JSON.stringify([view, itemKey])) };
}
