import type { Item } from "../change/attribute-value.js";
import { MillraceError } from "../errors.js";
import type { Clock } from "../pipeline/clock.js";
import type { Declarations } from "../view/declarations.js";
import { deliverRandomly, type RecordedWrite } from "./deliver-randomly.js";
import { impurityOf } from "./impurity.js";
import { differences, recompute } from "./recompute.js";
import { createRehearsal } from "./rehearsal.js";

/** How to verify. */
export interface VerifyOptions {
  /** How many deliveries to try; 50 where it is not given. */
  readonly runs?: number;
  /** Decides the first of them; a failure tells the seed that shows it again. */
  readonly seed?: number;
}

/** How many differing rows are told. */
const MOST_TOLD = 5;

/**
 * Delivers the writes in many ways, and compares every view with its recomputation after each.
 *
 * @throws `view-failed` telling the first delivery after which a view is not true, or what is not pure about a view.
 */
export async function verifyDeliveries(
  declarations: Declarations,
  writes: readonly RecordedWrite[],
  clock: Clock,
  { runs = 50, seed = 1 }: VerifyOptions,
): Promise<void> {
  for (let run = seed; run < seed + runs; run++) {
    const rehearsal = createRehearsal(declarations, clock);
    if (run === seed) requirePurity(declarations, (table) => itemsIn(writes, table));
    await deliverRandomly(rehearsal, writes, run);
    // Views that follow other views read what was only now derived.
    const itemsOf = (table: string) => rehearsal.tables.get(table)?.items() ?? [];
    if (run === seed)
      requirePurity(declarations, (table) => itemsOf(table).map(({ item }) => item));
    const [refused] = await rehearsal.quarantined();
    if (refused) throw untrue([refused.error.message], run);
    for (const view of declarations.views) {
      const rows = await rehearsal.rows(view);
      const found = differences(
        view,
        rows.map(({ key, value }) => [key, value]),
        await recompute(view, itemsOf(view.source.table)),
      );
      if (found.length > 0) throw untrue(found, run);
    }
  }
}

function itemsIn(writes: readonly RecordedWrite[], table: string): readonly Item[] {
  return writes.flatMap((write) => (write.table === table && write.item ? [write.item] : []));
}

function requirePurity({ views }: Declarations, itemsOf: (table: string) => readonly Item[]): void {
  for (const view of views) {
    const impurity = impurityOf(view, itemsOf(view.source.table));
    if (impurity !== undefined)
      throw new MillraceError("view-failed", impurity, { context: { view: view.name } });
  }
}

function untrue(found: readonly string[], seed: number): MillraceError {
  const more = found.length > MOST_TOLD ? `\n  … and ${found.length - MOST_TOLD} more` : "";
  return new MillraceError(
    "view-failed",
    `after one of the deliveries a stream may make:\n  ${found.slice(0, MOST_TOLD).join("\n  ")}${more}\n` +
      `the same delivery again: verify({ seed: ${seed}, runs: 1 })`,
  );
}
