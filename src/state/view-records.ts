import { createHash } from "node:crypto";

import { unreachable } from "../errors.js";
import type { Definition } from "../view/definition.js";
import type { View } from "../view/view.js";
import { parseViewName, type VersionedName } from "../view/view-name.js";

/** What a view was declared as when its rows were written. */
export interface RecordedDefinition {
  /** A digest of each part of the declaration. */
  readonly digests: Readonly<Record<string, string>>;
  /** Declared names of the tables that hold the rows; none for a view in Redis. */
  readonly tables: readonly string[];
  readonly recordedAtMs: number;
  /** Who wrote it down: `dev` where the tables were made, `backfill` where all rows were derived anew. */
  readonly by: "dev" | "backfill";
}

/** The version of a view that readers are to read. */
export interface CurrentVersion {
  readonly version: number;
  readonly switchedAtMs: number;
}

/** Remembers of each view what its rows were declared as, and which version is read. */
export interface ViewRecords {
  definition(of: VersionedName): Promise<RecordedDefinition | undefined>;
  /** Writes down a definition; with `once`, only where none is. */
  recordDefinition(
    of: VersionedName,
    definition: RecordedDefinition,
    options?: { readonly once: boolean },
  ): Promise<void>;
  /** Forgets a definition: its rows are gone. */
  forgetDefinition(of: VersionedName): Promise<void>;
  /** The version that is read, strongly consistent; `undefined` where none was ever switched to. */
  current(view: string): Promise<CurrentVersion | undefined>;
  /**
   * Makes another version the one that is read, if the one read is still `from`.
   *
   * @returns whether it did; if not, somebody else switched meanwhile.
   */
  switchTo(view: string, from: number | undefined, to: CurrentVersion): Promise<boolean>;
}

/** A digest of each part of a definition. */
export function digestsOf(definition: Definition): RecordedDefinition["digests"] {
  return Object.fromEntries(
    Object.entries(definition).map(([part, text]) => [
      part,
      createHash("sha256").update(text).digest("base64url").slice(0, 16),
    ]),
  );
}

/** The parts in which a definition is another than the one recorded: changed, added or left out. */
export function changedParts(
  recorded: RecordedDefinition["digests"],
  definition: Definition,
): readonly string[] {
  const now = digestsOf(definition);
  const parts = new Set([...Object.keys(recorded), ...Object.keys(now)]);
  return [...parts].filter((part) => recorded[part] !== now[part]).sort();
}

/**
 * Writes down what a view's rows were declared as: all of them are of this definition from now on.
 *
 * For a backfill, or a verify with repair, once all items of the view are done; with `once`, for whoever makes the
 * tables, and only where nothing is written down yet.
 */
export async function writeDefinition(
  records: Pick<ViewRecords, "recordDefinition">,
  view: View,
  { by, atMs, once = false }: { by: RecordedDefinition["by"]; atMs: number; once?: boolean },
): Promise<void> {
  const tables = tablesOf(view);
  const definition = { digests: digestsOf(view.definition), tables, recordedAtMs: atMs, by };
  await records.recordDefinition(parseViewName(view.name), definition, { once });
}

function tablesOf(view: View): readonly string[] {
  switch (view.kind) {
    case "table-view":
      return [view.table];
    case "aggregate-view":
      return [view.table, view.workingsTable];
    case "cache-view":
      return [];
    default:
      return unreachable(view);
  }
}
