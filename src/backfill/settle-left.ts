import type { SegmentState } from "../state/backfill-state.js";
import { bringUpToDate, type UpkeepPorts } from "../upkeep/bring-up-to-date.js";
import type { View } from "../view/view.js";
import { type BackfillJob, type BackfillParts, upkeepOf } from "./backfill-parts.js";
import { createParking } from "./park-items.js";

/**
 * Brings up to date what workers wrote down and may not have finished: of this run or an earlier one, dead or only slow.
 *
 * What they wrote down stays: whoever is only slow may write it yet, and has to find it if he dies.
 *
 * @param views all views of the source: an earlier run may have been about others.
 */
export async function settleLeft(
  parts: BackfillParts,
  job: Pick<BackfillJob, "run" | "source">,
  views: readonly View[],
  states: readonly SegmentState[],
  writeDown: UpkeepPorts["writeDown"],
): Promise<void> {
  const { run, source } = job;
  const park = createParking(parts, job);
  const ports = { ...upkeepOf(parts, source), writeDown };
  for (const { rows, atMs } of states) {
    const own = views.filter(({ name }) => rows.some(({ view }) => view === name));
    const owners = [...new Set(rows.map(({ owner }) => owner))];
    if (own.length === 0) continue;
    const left = { rows, atMs };
    const { failures } = await bringUpToDate(ports, { views: own, label: run.label, owners, left });
    await park(failures);
  }
}
