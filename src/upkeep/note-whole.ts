import type { ProgressStore } from "../state/progress.js";
import { type ViewRecords, writeDefinition } from "../state/view-records.js";
import type { View } from "../view/view.js";

/** Where it is noted that a view is whole. */
export interface WholenessNotes {
  readonly progress: Pick<ProgressStore, "markMended">;
  readonly records: Pick<ViewRecords, "recordDefinition">;
}

/**
 * Notes that views hold what all items of their sources derive, by the declarations of now: a loss suspected before is
 * mended, and a changed declaration is the one their rows are of.
 *
 * @param startedAtMs when the operation that went over all items began, Unix milliseconds.
 */
export async function noteWhole(
  { progress, records }: WholenessNotes,
  views: readonly View[],
  startedAtMs: number,
): Promise<void> {
  for (const view of views) {
    await progress.markMended(view.source.table, view.name, startedAtMs);
    await writeDefinition(records, view, { by: "backfill", atMs: startedAtMs });
  }
}
