import type { Item } from "../change/attribute-value.js";
import { decodeItem } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import { configurationError, isMillraceError, messageOf } from "../errors.js";
import type { SourceItems } from "../upkeep/source-items.js";
import { compilePredicate, type DataPredicate, predicateMistakes } from "../view/predicate.js";
import type { ViewSource } from "../view/view.js";
import { exportedPages, type SourceExport } from "./from-export/export-pages.js";
import { type ItemPages, listedPages, scannedPages } from "./item-pages.js";

/** Which items of a source a backfill is about. */
export interface Scope {
  /** The same for the same items, and part of what tells runs apart. */
  readonly text: string;
  /** How many there are, where that is known better than from the table. */
  readonly itemsAbout?: number;
  /** Whether it is about a few items that are named. */
  readonly isPartial: boolean;
  /** Parts that it can be divided into. */
  readonly mostSegments: number;
  /** The moment the items are as of, Unix milliseconds, where that is not when they are read. */
  readonly asOfMs?: number;
  pages(items: SourceItems): ItemPages;
}

/** What {@link readScope} takes, as it is typed. */
export interface ScopeOptions {
  /** A predicate as data, in JSON. */
  readonly where?: string;
  /** Keys of items, each a JSON array. */
  readonly key?: readonly string[];
  /** Where the items come from, where that is no scan. */
  readonly exported?: SourceExport;
}

/** Items of a page: four reads again, and eight calls of twenty-five statements. */
const PAGE_ITEMS = 200;

/**
 * Reads which items are meant.
 *
 * @throws `configuration`, listing what is wrong with a predicate or a key.
 */
export function readScope(source: ViewSource, { where, key, exported }: ScopeOptions): Scope {
  if (key !== undefined && (where !== undefined || exported))
    throw configurationError("backfill", [
      `--key names the items, so ${exported ? "--from-export" : "--where"} has nothing to choose; give one of them`,
    ]);
  if (key !== undefined) {
    const owners = readKeys(source, key);
    return {
      text: JSON.stringify({ key: owners }),
      itemsAbout: owners.length,
      isPartial: true,
      mostSegments: 1,
      pages: () => listedPages(owners, PAGE_ITEMS),
    };
  }
  const matches = where === undefined ? undefined : readPredicate(where);
  const options = { source, pageItems: PAGE_ITEMS, ...(matches && { matches }) };
  const chosen = where !== undefined && { where: JSON.parse(where) as unknown };
  if (!exported)
    return {
      text: chosen ? JSON.stringify(chosen) : "all",
      isPartial: false,
      mostSegments: Infinity,
      pages: (items) => scannedPages(items, options),
    };
  const { id, files, atMs: asOfMs } = exported.manifest;
  return {
    text: JSON.stringify({ export: id, ...chosen }),
    itemsAbout: files.reduce((sum, file) => sum + file.items, 0),
    isPartial: false,
    mostSegments: Math.max(1, files.length),
    asOfMs,
    pages: () => exportedPages(exported, options),
  };
}

function readPredicate(where: string): (item: Item) => boolean {
  let predicate: unknown;
  try {
    predicate = JSON.parse(where);
  } catch (thrown) {
    throw configurationError("backfill", [
      `--where is ${where}, which is no JSON (${messageOf(thrown)}); write it like '{"status":["OPEN"]}'`,
    ]);
  }
  const mistakes = predicateMistakes("backfill", predicate);
  if (mistakes.length > 0) throw configurationError("--where", mistakes);
  return compilePredicate(predicate as DataPredicate<Item>);
}

/** Key texts in the one form there is of each. */
function readKeys({ key, table }: ViewSource, texts: readonly string[]): readonly string[] {
  const names = key.map(({ name }) => name);
  const mistakes: string[] = [];
  const owners = texts.map((text) => {
    try {
      return keyText(names, decodeItem(decodeKey(key, text.trim())));
    } catch (thrown) {
      if (!isMillraceError(thrown)) throw thrown;
      mistakes.push(`--key of table "${table}": ${thrown.message}`);
      return "";
    }
  });
  if (mistakes.length > 0) throw configurationError("backfill", mistakes);
  return [...new Set(owners)];
}
