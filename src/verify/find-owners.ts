import { scanWhole } from "../upkeep/source-items.js";
import type { ViewSource } from "../view/view.js";
import type { Comparand } from "./comparand.js";
import type { Suspect } from "./find-suspects.js";
import type { VerifyPorts } from "./ports.js";

/**
 * Looks through the sources for the items that derive what is held of nobody known, as of now.
 *
 * A cache keeps no more of an owner than a fingerprint, so that an item that came to derive an entry, after the source
 * was read in passing, is found in no other way. Done before every look, since who derives it may change.
 */
export async function findOwners(ports: VerifyPorts, suspects: readonly Suspect[]): Promise<void> {
  const ownerless = suspects.filter(({ isOwnerKnown }) => !isOwnerKnown);
  const bySource = new Map<ViewSource, Suspect[]>();
  for (const suspect of ownerless) {
    suspect.owners = [];
    const { source } = suspect.comparand.view;
    bySource.set(source, [...(bySource.get(source) ?? []), suspect]);
  }
  for (const [source, open] of bySource) {
    const byKey = new Map<Comparand, Map<string, Suspect>>();
    for (const suspect of open) {
      const known = byKey.get(suspect.comparand) ?? new Map<string, Suspect>();
      byKey.set(suspect.comparand, known.set(suspect.key, suspect));
    }
    for await (const { items } of scanWhole(ports.source, source))
      for (const { owner, item } of items)
        for (const [comparand, keys] of byKey)
          for (const key of keysOf(() => comparand.derive(owner, item))) {
            const suspect = keys.get(key);
            if (suspect) suspect.owners = [...suspect.owners, owner];
          }
  }
}

/** An item that the view cannot take derives nothing that could be held. */
function keysOf(derive: () => readonly { readonly key: string }[]): readonly string[] {
  try {
    return derive().map(({ key }) => key);
  } catch {
    return [];
  }
}
