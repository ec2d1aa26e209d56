import { configurationError, MillraceError } from "../../errors.js";
import type { SourceProgress } from "../../state/progress.js";
import type { View } from "../../view/view.js";
import type { ExportManifest } from "./export-manifest.js";

/** Since when what is made in a source comes into its views. */
export interface Following {
  /** The label of the source's stream. */
  readonly label: string;
  /** When the tables that views write were created, Unix milliseconds, by the name DynamoDB knows them by. */
  readonly tables: ReadonlyMap<string, number>;
  readonly progress: Pick<SourceProgress, "functions">;
}

/** What a source's table is called. */
export interface ExportedTable {
  /** The name it was declared with. */
  readonly declared: string;
  /** The name DynamoDB knows it by. */
  readonly actual: string;
}

/**
 * Checks that an export can be what a backfill begins with: of this table, and not from before the views followed it.
 *
 * An item made after the export is in no page, so it has to have come through the stream: the stream, the views' tables
 * and the functions that write them must all be older than the export. A function is known to follow a view by the first
 * change it recorded of it; where none was yet, nobody can tell. A point in time is exported to the second, so whatever
 * began within that second is taken to be later.
 *
 * @throws `configuration`, listing all that is in the way, with the remedy.
 */
export function checkExport(
  manifest: ExportManifest,
  { declared, actual }: ExportedTable,
  views: readonly View[],
  { label, tables, progress }: Following,
): void {
  if (manifest.table !== actual)
    throw configurationError("--from-export", [
      `it is of table "${manifest.table}", and the views are of "${declared}", which is "${actual}"; name an export of that one, or set MILLRACE_TABLE_PREFIX`,
    ]);
  const mistakes: string[] = [];
  const atMs = Math.floor(manifest.atMs / 1000) * 1000;
  const isLater = (ms: number) => ms > atMs;
  const streamMs = Date.parse(`${label}Z`);
  if (isLater(streamMs)) mistakes.push(`its stream is of ${timeOf(streamMs)}`);
  for (const [table, createdAtMs] of tables)
    if (isLater(createdAtMs)) mistakes.push(`table "${table}" is of ${timeOf(createdAtMs)}`);
  for (const { name } of views) {
    const times = progress.functions.flatMap((each) => each.views[name]?.sinceMs ?? []);
    const sinceMs = times.length === 0 ? undefined : Math.min(...times);
    if (sinceMs === undefined) mistakes.push(`no change has come to view "${name}" yet`);
    else if (isLater(sinceMs))
      mistakes.push(`the first change that came to view "${name}" did so at ${timeOf(sinceMs)}`);
  }
  if (mistakes.length === 0) return;
  throw new MillraceError(
    "configuration",
    [
      `--from-export: it is as of ${timeOf(manifest.atMs)}; what was made in "${actual}" after that, and before its views followed it, would be missing:`,
      ...mistakes.map((mistake) => `  - ${mistake}`),
      "Export the table again, now that its views follow it, or backfill without --from-export, by a scan",
    ].join("\n"),
  );
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
