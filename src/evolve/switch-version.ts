import { MillraceError } from "../errors.js";
import type { ViewRecords } from "../state/view-records.js";
import { versionsOf } from "../view/select-views.js";
import type { View } from "../view/view.js";
import { parseViewName, viewName } from "../view/view-name.js";

/** What {@link switchVersion} takes. */
export interface SwitchOptions {
  readonly records: Pick<ViewRecords, "current" | "definition" | "switchTo">;
  /** All views that are declared. */
  readonly views: readonly View[];
  /** Name of the view, without a version. */
  readonly view: string;
  /** The version to read from now on; the newest declared where it is not given. */
  readonly to?: number;
  /** Whether to switch also to a version that nobody is known to have backfilled. */
  readonly anyway: boolean;
  readonly atMs: number;
}

/** From which version readers were switched to which. */
export interface Switched {
  readonly view: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Makes another version of a view the one that is read, by one conditional write: every reader reads either the one or
 * the other. Going back is the same.
 *
 * @throws `configuration` where the version is not declared, is the one read already, or was never backfilled as far as
 * is known; `unavailable` where somebody else switched at the same moment.
 */
export async function switchVersion(options: SwitchOptions): Promise<Switched> {
  const { records, views, view, anyway, atMs } = options;
  const declared = versionsOf(views, view).map(({ name }) => parseViewName(name).version);
  const [oldest] = declared;
  const to = options.to ?? declared.at(-1);
  if (oldest === undefined || to === undefined || !declared.includes(to)) {
    const known = views.map(({ name }) => name).join(", ");
    const name = viewName({ view, version: to ?? 1 });
    throw refused(`no view is declared as "${name}"; there are: ${known}`);
  }
  const pointer = await records.current(view);
  const from = pointer?.version ?? oldest;
  if (from === to) throw refused(`version ${to} of view "${view}" is the one that is read`);
  const recorded = await records.definition({ view, version: to });
  // The oldest version was filled by the stream from the beginning, or else nobody would read it.
  if (recorded?.by !== "backfill" && to !== oldest && !anyway) {
    const name = viewName({ view, version: to });
    throw refused(
      `version ${to} of view "${view}" was never backfilled as far as is known: run npx millrace backfill ${name} and verify it, or give --anyway`,
    );
  }
  if (await records.switchTo(view, pointer?.version, { version: to, switchedAtMs: atMs }))
    return { view, from, to };
  throw new MillraceError(
    "unavailable",
    `view "${view}" was switched by somebody else at the same moment; look at it, and try again`,
  );
}

function refused(message: string): MillraceError {
  return new MillraceError("configuration", message);
}
