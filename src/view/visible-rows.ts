import type { CacheView } from "./cache-view.js";
import { memberKey, parseMemberKey } from "./member-key.js";
import type { Row } from "./row.js";

/**
 * What of a collection's rows its readers see: the highest scores of each key up to `keep`, or each member once.
 *
 * The rule that the Redis sink keeps up step by step, said in one piece: the reference for tests and comparisons. Rows
 * of entries are all seen, those of notifications never.
 */
export function visibleRows(view: CacheView, rows: readonly Row[]): readonly Row[] {
  switch (view.type) {
    case "json":
    case "hash":
      return rows;
    case "stream":
    case "channel":
      return [];
    case "set": {
      const members = rows.map(({ key, value }) => {
        const { collection, member } = parseMemberKey(key);
        return [memberKey(collection, member), value] as const;
      });
      return [...new Map(members)].map(([key, value]) => ({ key, value }));
    }
    case "sorted-set":
    case "list":
      return [...byCollection(rows).values()].flatMap((group) =>
        group.sort(higherFirst).slice(0, view.keep),
      );
  }
}

function byCollection(rows: readonly Row[]): ReadonlyMap<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const { collection } = parseMemberKey(row.key);
    groups.set(collection, [...(groups.get(collection) ?? []), row]);
  }
  return groups;
}

/** Redis's own order, reversed: by score, then by the bytes of the member. */
function higherFirst({ value: left }: Row, { value: right }: Row): number {
  const byScore = Number(right["score"]) - Number(left["score"]);
  if (byScore !== 0) return byScore;
  return compareBytes(String(right["member"]), String(left["member"]));
}

/** The order of code points is that of UTF-8's bytes; that of UTF-16, JavaScript's own, is not. */
function compareBytes(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i]?.codePointAt(0) ?? 0) - (b[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
