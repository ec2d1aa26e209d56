import type { Item } from "../../change/attribute-value.js";
import type { ViewSource } from "../../view/view.js";
import type { ItemPage, ItemPages } from "../item-pages.js";
import { readDataFile } from "./data-file.js";
import type { ExportFiles } from "./export-files.js";
import type { ExportManifest } from "./export-manifest.js";

/** An export that a backfill may take its items from. */
export interface SourceExport {
  readonly files: ExportFiles;
  readonly manifest: ExportManifest;
}

/** What {@link exportedPages} takes besides the export. */
export interface ExportedPagesOptions {
  readonly source: ViewSource;
  /** Which items are meant; all where it is not given. */
  readonly matches?: (item: Item) => boolean;
  /** Most items of a page. */
  readonly pageItems: number;
}

/** A page of a scan has no more either. */
const PAGE_BYTES = 1_000_000;

/**
 * The items of a source, as an export has them, in place of a scan.
 *
 * A page's items are as of the export's time, and so is the version they are put at: it loses against all that was
 * written since. From then on nothing differs from a scan whose second reading comes late, which is what makes it exact
 * (`bringUpToDate`): an item changed or deleted since is read again as it is now, and what was put of it and is no longer
 * derived is undone, also where the stream has long forgotten the change. What the second reading cannot find is an item
 * made since, for no page names it: that one comes through the stream, if the views have been following it since before
 * the export (`export-coverage.ts`).
 *
 * Why the images are put at all, when each item is read again anyway: reading first and again after the put would take
 * two reads of each item. Putting what the export says takes one, as a scan's second reading does; the scan is what is
 * saved. It costs a second put of each item changed since, and that its former row may be seen for as long as a page
 * takes, where the row's deletion left no tombstone. Without the second reading such rows would stay for good.
 *
 * A segment is a share of the files, every n-th, one after the other: as many as work at once, however many files there
 * are, so that what is kept of a run does not grow with them. The position is a file's place in the manifest, and the
 * lines of it that are done.
 */
export function exportedPages(
  { files, manifest }: SourceExport,
  { source, matches = () => true, pageItems }: ExportedPagesOptions,
): ItemPages {
  return {
    async *pages(segment, segments, after = positionText(segment, 0)) {
      const [first, linesDone] = readPosition(after);
      for (let at = first; at < manifest.files.length; at += segments) {
        const file = manifest.files[at] as (typeof manifest.files)[number];
        const done = at === first ? linesDone : 0;
        const following = at + segments;
        const pages = createPage(manifest.atMs);
        for await (const { line, bytes, owner, item } of readDataFile(files, file, source, done)) {
          pages.add(bytes, owner, item && matches(item) ? item : undefined);
          if (pages.isFull(pageItems) && line < file.items)
            yield pages.take(positionText(at, line));
        }
        const hasMore = following < manifest.files.length;
        yield pages.take(hasMore ? positionText(following, 0) : undefined);
      }
    },
  };
}

function createPage(atMs: number) {
  let items = new Map<string, Item>();
  let scanned = 0;
  let size = 0;
  return {
    add(bytes: number, owner: string, item: Item | undefined) {
      scanned++;
      size += bytes;
      if (item) items.set(owner, item);
    },
    isFull: (pageItems: number) => scanned >= pageItems || size >= PAGE_BYTES,
    take(next: string | undefined): ItemPage {
      const owners = [...items.keys()];
      const page = {
        owners,
        items,
        atMs,
        scanned,
        readUnits: 0,
        ...(next !== undefined && { next }),
      };
      items = new Map();
      scanned = 0;
      size = 0;
      return page;
    },
  };
}

function positionText(file: number, line: number): string {
  return `${file}:${line}`;
}

function readPosition(text: string): readonly [file: number, line: number] {
  const [file = "0", line = "0"] = text.split(":");
  return [Number(file), Number(line)];
}
