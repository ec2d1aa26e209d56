import type { Item } from "../change/attribute-value.js";
import { decodeItem } from "../change/attribute-value.js";
import { keyText } from "../change/item-key.js";
import { decodeKey } from "../dynamodb/decode-key.js";
import { configurationError, isMillraceError, messageOf } from "../errors.js";
import type { SourceItems } from "../upkeep/source-items.js";
import { compilePredicate, type DataPredicate, predicateMistakes } from "../view/predicate.js";
import type { ViewSource } from "../view/view.js";
import { type ItemPages, listedPages, scannedPages } from "./item-pages.js";

/** Which items of a source a backfill is about. */
export interface Scope {
  /** The same for the same items, and part of what tells runs apart. */
  readonly text: string;
  /** How many there are, where that is known better than from the table. */
  readonly itemsAbout?: number;
  /** Whether it is about a few items that are named. */
  readonly isPartial: boolean;
  pages(items: SourceItems): ItemPages;
}

/** What {@link readScope} takes, as it is typed. */
export interface ScopeOptions {
  /** A predicate as data, in JSON. */
  readonly where?: string;
  /** Keys of items, each a JSON array. */
  readonly key?: readonly string[];
}

/** Items of a page: four reads again, and eight calls of twenty-five statements. */
const PAGE_ITEMS = 200;

/**
 * Reads which items are meant.
 *
 * @throws `configuration`, listing what is wrong with a predicate or a key.
 */
export function readScope(source: ViewSource, { where, key }: ScopeOptions): Scope {
  if (key !== undefined && where !== undefined)
    throw configurationError("backfill", [
      "--key names the items, so --where has nothing to choose; give one of them",
    ]);
  if (key !== undefined) {
    const owners = readKeys(source, key);
    return {
      text: JSON.stringify({ key: owners }),
      itemsAbout: owners.length,
      isPartial: true,
      pages: () => listedPages(owners, PAGE_ITEMS),
    };
  }
  const matches = where === undefined ? undefined : readPredicate(where);
  return {
    text: where === undefined ? "all" : JSON.stringify({ where: JSON.parse(where) as unknown }),
    isPartial: false,
    pages: (items) =>
      scannedPages(items, { source, pageItems: PAGE_ITEMS, ...(matches && { matches }) }),
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
