import { fencesOf } from "../../src/state/memory-quarantine.js";
import type { Fence, Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";

/** A fence with what is behind it. */
export interface FencedItem extends Fence {
  readonly source: string;
  readonly entries: readonly QuarantineEntry[];
}

/** A quarantine that gives items back: what redrive needs beside what the pipeline does. */
export interface LiftableQuarantine extends Quarantine {
  fenced(): readonly FencedItem[];
  /** Lifts a fence if nothing was parked since it was looked at (rule V8). */
  lift(fence: FencedItem): "lifted" | "parked meanwhile";
}

/** A quarantine in memory whose fences can be lifted; holds the contract of all quarantines. */
export function createLiftableQuarantine(): LiftableQuarantine {
  const items = new Map<string, { fence: FencedItem; entries: Map<string, QuarantineEntry> }>();
  const keyOf = ({ source, view, itemKey }: Pick<FencedItem, "source" | "view" | "itemKey">) =>
    JSON.stringify([view, itemKey, source]);
  const inOrder = (entries: ReadonlyMap<string, QuarantineEntry>) =>
    [...entries.values()].sort((a, b) => (a.position < b.position ? -1 : 1));

  return {
    async fences(source) {
      const own = [...items.values()]
        .map(({ fence }) => fence)
        .filter((each) => each.source === source);
      return fencesOf(own.map(({ view, itemKey, parked }) => ({ view, itemKey, parked })));
    },
    async park(entry, options) {
      const key = keyOf(entry);
      const standing = items.get(key);
      if (options?.joining && !standing) return "fence-gone";
      const entries = standing?.entries ?? new Map<string, QuarantineEntry>();
      entries.set(entry.position, entry);
      const { source, view, itemKey } = entry;
      const parked = (standing?.fence.parked ?? 0) + 1;
      items.set(key, {
        entries,
        fence: { source, view, itemKey, parked, entries: inOrder(entries) },
      });
      return "parked";
    },
    async *list(view) {
      for (const key of [...items.keys()].sort()) {
        const { fence, entries } = items.get(key)!;
        if (view === undefined || fence.view === view) yield* inOrder(entries);
      }
    },
    fenced: () => [...items.values()].map(({ fence }) => fence),
    lift(fence) {
      const key = keyOf(fence);
      if (items.get(key)?.fence.parked !== fence.parked) return "parked meanwhile";
      items.delete(key);
      return "lifted";
    },
  };
}
