import type { ErrorCode } from "../../errors.js";
import type { QuarantineSummary } from "../../state/quarantine.js";

/** Quarantined items of one view that have the same error. */
export interface QuarantineGroup {
  readonly view: string;
  readonly error: ErrorCode;
  items: number;
  /** Stream records held, those that wait behind the error among them. */
  changes: number;
  firstAtMs: number;
  lastAtMs: number;
  /** One of them. */
  readonly example: { readonly key: string; readonly message: string };
}

/**
 * Counts what is in quarantine by view and error.
 *
 * Entries of one item come one after the other, oldest first, so that nothing but the groups has to be remembered. What
 * waits behind an item's error belongs to that error.
 */
export async function groupSummaries(
  summaries: AsyncIterable<QuarantineSummary>,
): Promise<readonly QuarantineGroup[]> {
  const groups = new Map<string, QuarantineGroup>();
  let item = "";
  let group: QuarantineGroup | undefined;
  for await (const { view, itemKey, code, message, changes, parkedAtMs } of summaries) {
    const isSameItem = item === JSON.stringify([view, itemKey]);
    if (!isSameItem || !group) {
      item = JSON.stringify([view, itemKey]);
      const name = JSON.stringify([view, code]);
      group = groups.get(name) ?? {
        ...{ view, error: code, items: 0, changes: 0 },
        ...{ firstAtMs: parkedAtMs, lastAtMs: parkedAtMs },
        example: { key: itemKey, message },
      };
      group.items++;
      groups.set(name, group);
    }
    group.changes += changes;
    group.firstAtMs = Math.min(group.firstAtMs, parkedAtMs);
    group.lastAtMs = Math.max(group.lastAtMs, parkedAtMs);
  }
  return [...groups.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ view, error }: QuarantineGroup): string {
  return `${view} ${error}`;
}
