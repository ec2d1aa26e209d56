import { applyWithRetry, DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import type { Clock, Deadline } from "../pipeline/clock.js";
import type { ApplyResult } from "../sink/sink.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import type { RedriveSink } from "./parts.js";

/**
 * Makes rows what they should be at the version of the newest parked change, and answers each mutation.
 *
 * - What is stored is older, or nothing is: an ordinary write at that version.
 * - It has that very version: an earlier redrive wrote it, or the change itself did in part before it failed. It is put
 *   right, and keeps its version.
 * - It is newer: a change that came when the fence was gone wrote it, and knows better.
 *
 * Why that is safe although the item may have changed between reading and writing, or between two redrives. Let V be the
 * version, and x the item as it was read, which is at least as new as V. A change W of the item that x holds, or that made
 * it another one, is newer than V, and is either parked behind the fence, or comes when the fence is gone.
 *
 * - Parked before the fence was read: then V is W's version.
 * - Parked after it: then the fence has another stamp, is not lifted, and all is done again with W's images among those parked.
 * - Later: W and those after it are derived from old to new images, from the last parked one on. Together they write, at
 *   versions newer than V, each row in which one of them differs from the one before; and they name each row that x
 *   derived, because x is one of their images. Rows in which none differs are the same in x and stay as written here.
 *
 * So nothing here needs to be newer than V, nor to be undone; and a crash anywhere leaves the fence, and rows that the next
 * redrive or one of those changes puts right.
 */
export async function writeAtVersion(
  sink: RedriveSink<View>,
  mutations: readonly Mutation<View>[],
  time: { readonly clock: Clock; readonly deadline: Deadline },
): Promise<readonly ApplyResult[]> {
  const patience = { ...time, policy: DEFAULT_RETRY };
  const results = [...(await applyWithRetry(mutations, (some) => sink.apply(some), patience))];
  const stale = [...results.keys()].filter((i) => results[i]?.outcome === "stale");
  const corrected = await applyWithRetry(
    stale.map((i) => mutations[i] as Mutation<View>),
    (some) => sink.correct(some),
    patience,
  );
  stale.forEach((i, n) => (results[i] = corrected[n] as ApplyResult));
  return results;
}
