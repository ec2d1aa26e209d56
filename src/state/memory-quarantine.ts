import type {
  Fence,
  Fences,
  HeldEntry,
  Quarantine,
  QuarantineEntry,
  StandingFence,
} from "./quarantine.js";

/** A quarantine in memory, for tests and simulation; keeps the same contract as the durable one. */
export function createMemoryQuarantine(): Quarantine {
  const entries = new Map<string, HeldEntry>();
  const fences = new Map<string, StandingFence>();
  let parks = 0;

  /** The entries that are meant, oldest first within an item. */
  function inOrder(isMeant: (entry: QuarantineEntry) => boolean): readonly HeldEntry[] {
    const meant = [...entries].filter(([, { entry }]) => isMeant(entry));
    return meant.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, held]) => held);
  }

  /** Removes an entry, unless its change was parked again. */
  function remove({ entry, handle }: HeldEntry): boolean {
    const key = entryKey(entry);
    return entries.get(key)?.handle === handle && entries.delete(key);
  }

  return {
    async fences(source) {
      const own = [...fences.values()].filter((fence) => fence.source === source);
      return fencesOf(own.map(({ view, itemKey, parked }) => ({ view, itemKey, parked })));
    },
    async park(entry, options) {
      const { source, view, itemKey } = entry;
      const key = fenceKey(entry);
      const standing = fences.get(key);
      if (options?.joining && !standing) return "fence-gone";
      const stamp = String(++parks);
      fences.set(key, { source, view, itemKey, parked: (standing?.parked ?? 0) + 1, stamp });
      entries.set(entryKey(entry), { entry, handle: stamp });
      return "parked";
    },
    async *list(view) {
      for (const { entry } of inOrder(isOf(view))) yield entry;
    },
    async *summaries(view) {
      for (const { entry, handle } of inOrder(isOf(view))) {
        const { error, records, ...rest } = entry;
        yield {
          ...rest,
          code: error.code,
          message: error.message,
          changes: records.length,
          handle,
        };
      }
    },
    async *standing(source, view) {
      for (const fence of [...fences.values()])
        if (fence.source === source && (view === undefined || fence.view === view)) yield fence;
    },
    fenceOf: async (item) => fences.get(fenceKey(item)),
    entriesOf: async ({ view, itemKey }) =>
      inOrder((entry) => entry.view === view && entry.itemKey === itemKey),
    async lift(fence, covered) {
      const standing = fences.get(fenceKey(fence));
      if (!standing) return "gone";
      if (standing.stamp !== fence.stamp) return "parked-meanwhile";
      fences.delete(fenceKey(fence));
      covered.forEach(remove);
      return "lifted";
    },
    async release({ handle, ...summary }) {
      const held = entries.get(entryKey(summary));
      if (fences.has(fenceKey(summary)) || held === undefined) return false;
      return remove({ entry: held.entry, handle });
    },
  };
}

function isOf(view: string | undefined): (entry: QuarantineEntry) => boolean {
  return (entry) => view === undefined || entry.view === view;
}

function fenceKey({ source, view, itemKey }: Pick<StandingFence, "source" | "view" | "itemKey">) {
  return JSON.stringify([source, view, itemKey]);
}

function entryKey(entry: {
  readonly view: string;
  readonly itemKey: string;
  readonly position: string;
}): string {
  return JSON.stringify([entry.view, entry.itemKey, entry.position]);
}

/** Finds fences by view and item. */
export function fencesOf(list: readonly Fence[]): Fences {
  const byItem = new Map(list.map((fence) => [JSON.stringify([fence.view, fence.itemKey]), fence]));
  return { size: byItem.size, of: (view, itemKey) => byItem.get(JSON.stringify([view, itemKey])) };
}
