import { readVersion } from "../change/version.js";
import { isMillraceError, MillraceError } from "../errors.js";
import { createBreaker, DEFAULT_BREAKER } from "../pipeline/breaker.js";
import type { UpkeepFailure } from "../upkeep/bring-up-to-date.js";
import type { View } from "../view/view.js";
import { type BackfillJob, type BackfillParts, patiently } from "./backfill-parts.js";

/**
 * Makes what parks items that a view cannot take: durable when it resolves, with the error and without records, so that
 * redrive brings them up to date.
 */
export function createParking(
  parts: BackfillParts,
  { run, source }: Pick<BackfillJob, "run" | "source">,
): (failures: readonly UpkeepFailure[]) => Promise<void> {
  return async (failures) => {
    for (const { view, owner, error, atMs } of failures) {
      const { code, message, stack, cause } = error;
      // The stack of what a view's function threw leads to the mistake; our own does not.
      const origin = cause instanceof Error ? cause.stack : stack;
      const entry = {
        view,
        source: source.table,
        itemKey: owner,
        position: readVersion(run.label, atMs),
        records: [],
        error: { code, message, ...(origin !== undefined && { stack: origin }) },
        parkedAtMs: parts.clock.nowMs(),
      };
      await patiently(parts, () => parts.quarantine.park(entry));
    }
  };
}

/**
 * Makes the check that stops a run when so much of what it met lately is poison that it looks like a mistake in the view.
 *
 * It throws before anything of a page is parked, so that the mended run goes over the page again.
 */
export function createPoisonCheck(): (
  views: readonly View[],
  items: number,
  failures: readonly UpkeepFailure[],
) => void {
  const breaker = createBreaker(DEFAULT_BREAKER);
  return (views, items, failures) => {
    const tallies = views.map(({ name: view }) => {
      const poison = failures.filter((failure) => failure.view === view).length;
      return { view, changes: items, poison };
    });
    try {
      breaker(tallies);
    } catch (thrown) {
      const view = isMillraceError(thrown) ? (thrown.context.view ?? "") : "";
      const error = failures.find((failure) => failure.view === view)?.error;
      throw new MillraceError(
        "view-failed",
        `view "${view}": more than ${DEFAULT_BREAKER.share * 100} % of the items met lately failed, which looks like a mistake in the view ` +
          `rather than in the data: ${error?.message ?? ""}. Fix it and start the backfill again: it goes on where it stopped`,
        { cause: thrown, context: { view } },
      );
    }
  };
}
