import { type EncodedValue, encodeItem } from "../change/encode-item.js";
import { MillraceError } from "../errors.js";
import type { KeyAttribute } from "../view/key.js";
import { isOfType, type KeyValue } from "./key-values.js";

/** Which part of a partition to read, by its sort key; the bounds are those of a predicate. */
export interface SortRange {
  readonly gt?: KeyValue;
  readonly gte?: KeyValue;
  readonly lt?: KeyValue;
  readonly lte?: KeyValue;
  /** Text the sort key begins with; stands alone. */
  readonly prefix?: string;
}

/** A range as DynamoDB takes it. */
export interface SortCondition {
  readonly expression: string;
  readonly values: Readonly<Record<string, EncodedValue>>;
  /** A bound that lies outside the range although the expression lets it through. */
  readonly excluded: readonly unknown[];
}

/**
 * Compiles a range into the one condition that a query may put on the sort key, called `#sort` in it.
 *
 * Two bounds become a BETWEEN, which is inclusive; a bound that is not meant to be is named in `excluded`.
 *
 * @throws `configuration` when the table has no sort key, or a bound does not fit it or another bound.
 */
export function sortCondition(
  view: string,
  sort: KeyAttribute | undefined,
  range: SortRange,
): SortCondition | undefined {
  const given = Object.entries(range).filter((bound): bound is [Bound, KeyValue] => {
    return bound[1] !== undefined;
  });
  if (given.length === 0) return undefined;
  const fault = faultOf(sort, given);
  if (fault !== undefined)
    throw new MillraceError("configuration", `view "${view}": range ${fault}`);
  const values = encodeItem(Object.fromEntries(given.map(([name, value]) => [`:${name}`, value])));
  const excluded = given.filter(([name]) => name === "gt" || name === "lt");
  const [first, second] = given.sort(
    ([left], [right]) => ORDER.indexOf(left) - ORDER.indexOf(right),
  );
  if (first && second) {
    const expression = `#sort BETWEEN :${first[0]} AND :${second[0]}`;
    return { expression, values, excluded: excluded.map(([, value]) => value) };
  }
  return { expression: EXPRESSIONS[(first as [Bound, KeyValue])[0]], values, excluded: [] };
}

type Bound = keyof SortRange;

/** Lower bounds before upper ones. */
const ORDER: readonly Bound[] = ["gt", "gte", "lt", "lte", "prefix"];

const EXPRESSIONS: Readonly<Record<Bound, string>> = {
  gt: "#sort > :gt",
  gte: "#sort >= :gte",
  lt: "#sort < :lt",
  lte: "#sort <= :lte",
  prefix: "begins_with(#sort, :prefix)",
};

function faultOf(
  sort: KeyAttribute | undefined,
  given: readonly (readonly [Bound, KeyValue])[],
): string | undefined {
  const names = given.map(([name]) => name);
  if (sort === undefined) return "is given, but the view's key has no sort key; leave it out";
  const unknown = names.find((name) => !ORDER.includes(name));
  if (unknown) return `has "${unknown}"; there are ${ORDER.join(", ")}`;
  const misfit = given.find(([, value]) => !isOfType(value, sort.type));
  if (misfit)
    return `has ${misfit[0]}: ${String(misfit[1])}, which does not fit sort key "${sort.name}" of type ${sort.type}`;
  const lower = names.filter((name) => name.startsWith("g")).length;
  const upper = names.filter((name) => name.startsWith("l")).length;
  if (lower > 1 || upper > 1)
    return `has ${names.join(" and ")}; give at most one lower and one upper bound`;
  if (names.includes("prefix") && (names.length > 1 || sort.type === "N"))
    return "has a prefix, which stands alone and fits no number";
  return undefined;
}
