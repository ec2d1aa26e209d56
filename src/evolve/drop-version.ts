import { MillraceError } from "../errors.js";
import type { ViewRecords } from "../state/view-records.js";
import type { View } from "../view/view.js";
import { type VersionedName, versionKeyPrefix, viewName } from "../view/view-name.js";

/** What a version of a view holds, to be deleted. */
export interface Holdings {
  /** Declared names of its tables. */
  readonly tables: readonly string[];
  /** What its keys in Redis begin with; absent where it is not kept there. */
  readonly keyPrefix?: string;
}

/**
 * Says what a version of a view holds, if it may be dropped: it is neither read nor written any more.
 *
 * @throws `configuration` where it is the one that is read, still declared, or unknown.
 */
export async function holdingsOf(
  records: Pick<ViewRecords, "current" | "definition">,
  views: readonly View[],
  of: VersionedName,
): Promise<Holdings> {
  const { view, version } = of;
  const name = viewName(of);
  const current = (await records.current(view))?.version;
  if (current === undefined)
    throw refused(
      `view "${view}" was never switched, so that readers may read version ${version}; run npx millrace switch ${view} first`,
    );
  if (current === version)
    throw refused(
      `version ${version} of view "${view}" is the one that is read; switch to another before it is dropped`,
    );
  if (views.some((declared) => declared.name === name))
    throw refused(
      `"${name}" is still declared, and written; take it out of pipeline.ts and deploy, then drop it`,
    );
  const recorded = await records.definition(of);
  if (!recorded)
    throw refused(`nothing is known of "${name}": it was dropped, or never made by millrace`);
  if (recorded.tables.length > 0) return { tables: recorded.tables };
  const keyPrefix = versionKeyPrefix(of);
  if (keyPrefix === "")
    throw refused(
      `the keys of "${name}" in Redis have no prefix of their own; delete them by the pattern you gave them`,
    );
  return { tables: [], keyPrefix };
}

function refused(message: string): MillraceError {
  return new MillraceError("configuration", message);
}
