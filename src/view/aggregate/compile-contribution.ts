import { type Item, NumberValue } from "../../change/attribute-value.js";
import { encodeItem, itemSizeBytes } from "../../change/encode-item.js";
import { isMillraceError, MillraceError } from "../../errors.js";
import type { KeyAttribute } from "../key.js";
import { callView, type Row } from "../row.js";
import { compileWhere, rowKey } from "../table-view.js";
import type { OrderedValue, Part, PartValue } from "./contribution.js";
import type { Measure, MeasureSpec, OrderedSpec } from "./measure.js";

/** The key of every item's contribution within its view: the item itself tells it apart, as its owner. */
export const CONTRIBUTION_KEY = "contribution";

/** What {@link compileContribution} takes of a declaration. */
export interface ContributionOptions {
  readonly view: string;
  readonly key: readonly KeyAttribute[];
  readonly measures: Readonly<Record<string, Measure<never, unknown>>>;
  readonly where: unknown;
  readonly groupBy: (item: never) => unknown;
}

/**
 * A view's own functions as one: what an item contributes, checked, so that whatever reaches a sink can be stored.
 *
 * The function made throws `view-failed` or `invalid-row`, naming the view, the measure or attribute, and the value.
 */
export function compileContribution(options: ContributionOptions): (item: Item) => readonly Row[] {
  const { view, measures } = options;
  const holds = compileWhere(view, options.where);
  const readers = Object.entries(measures).map(
    ([name, measure]) => [name, compileMeasure(view, name, measure)] as const,
  );
  return (item) => {
    if (!holds(item)) return [];
    const groups = groupsOf(options, item);
    if (groups.length === 0) return [];
    const values: Record<string, PartValue> = {};
    for (const [name, read] of readers) {
      const value = read(item);
      if (value !== undefined) values[name] = value;
    }
    const parts: readonly Part[] = groups.map((group) => ({ group, values }));
    return [{ key: CONTRIBUTION_KEY, value: { parts } }];
  };
}

function groupsOf({ view, key, groupBy }: ContributionOptions, item: Item): readonly Item[] {
  const answer = callView(view, "groupBy", () => groupBy(item as never));
  const names = key.map(({ name }) => name);
  const seen = new Set<string>();
  const groups = Array.isArray(answer) ? (answer as unknown[]) : [answer];
  return groups.filter((group): group is Item => {
    const text = rowKey(view, key, names, group);
    const foreign = Object.keys(group as Item).filter((name) => !names.includes(name));
    if (foreign.length > 0)
      throw invalid(
        view,
        `groupBy names ${foreign.map((name) => `"${name}"`).join(" and ")}, which the key does not; a group is named by key attributes alone: put it in the key, or leave it out`,
      );
    // An item is in a group or not: naming the group twice says nothing more.
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}

function compileMeasure(
  view: string,
  name: string,
  measure: Measure<never, unknown>,
): (item: Item) => PartValue {
  const told = `measure "${name}"`;
  const check = checkOf(measure.spec);
  return (item) => {
    const given = callView(view, told, () => measure(item as never));
    return given === undefined ? undefined : check(view, told, given);
  };
}

/** Says of what an item gives a measure that it can be stored. */
type Check = (view: string, told: string, given: unknown) => PartValue;

function checkOf(spec: MeasureSpec): Check {
  switch (spec.kind) {
    case "count":
    case "count-if":
      return (_view, _told, given) => given;
    case "sum":
    case "avg":
      return numeric;
    case "distinct-count":
      return (view, told, given) =>
        typeof given === "boolean" ? given : orderable(view, told, given);
    case "ordered":
      return (view, told, given) => orderedValue(view, told, spec, given as OrderedValue);
  }
}

function numeric(view: string, told: string, value: unknown): PartValue {
  if (isNumeric(value)) return storable(view, told, value);
  throw invalid(
    view,
    `${told} is ${describe(value)}, which is not a number; give a number, or nothing where there is none`,
  );
}

/** Bytes a text may have to be told apart or ordered by: a sort key holds 1024, and the item's own key takes the rest. */
const MOST_TEXT_BYTES = 400;

function orderable(view: string, told: string, value: unknown): unknown {
  if (isNumeric(value)) return storable(view, told, value);
  if (typeof value !== "string")
    throw invalid(
      view,
      `${told} is ${describe(value)}; give a number or text, or nothing where there is none`,
    );
  if (new TextEncoder().encode(value).length <= MOST_TEXT_BYTES) return value;
  throw invalid(
    view,
    `${told} is a text of ${value.length} characters; at most ${MOST_TEXT_BYTES} bytes can be ordered by or told apart: give a part of it`,
  );
}

/** Bytes that all a row lists of one measure may weigh; a row holds several measures in 400 KB. */
const MOST_KEPT_BYTES = 100 * 1024;

function orderedValue(
  view: string,
  told: string,
  spec: OrderedSpec,
  given: OrderedValue,
): OrderedValue {
  const by = orderable(view, told, given.by);
  if (spec.shows === "value") return { by };
  const kept: unknown = given.kept;
  if (typeof kept !== "object" || kept === null || Array.isArray(kept))
    throw invalid(view, `${told} keeps ${describe(kept)}; return an object of attributes`);
  const weight = itemSizeBytes(encoded(view, `${told} keeps an item whose`, kept as Item));
  if (weight * spec.limit <= MOST_KEPT_BYTES) return { by, kept: kept as Item };
  throw invalid(
    view,
    `${told} keeps ${weight} bytes of an item, ${spec.limit} times; a row lists at most ${MOST_KEPT_BYTES} bytes a measure: keep less`,
  );
}

function storable(view: string, told: string, value: unknown): unknown {
  encoded(view, `${told}: its`, { value });
  return value;
}

/** @throws `invalid-row` that names the view, for whatever DynamoDB cannot hold: a number beyond 38 digits, say. */
function encoded(view: string, told: string, item: Item) {
  try {
    return encodeItem(item);
  } catch (thrown) {
    if (!isMillraceError(thrown)) throw thrown;
    throw invalid(view, `${told} ${thrown.message}`, thrown);
  }
}

function isNumeric(value: unknown): boolean {
  return typeof value === "number" || typeof value === "bigint" || value instanceof NumberValue;
}

function describe(value: unknown): string {
  if (typeof value === "number") return String(value);
  if (value instanceof Date) return "a Date";
  if (value instanceof Set) return "a set";
  return JSON.stringify(value)?.slice(0, 100) ?? typeof value;
}

function invalid(view: string, fault: string, cause?: unknown): MillraceError {
  return new MillraceError("invalid-row", `view "${view}": ${fault}`, { cause, context: { view } });
}
