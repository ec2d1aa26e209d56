import { compareNumbers, type Item, type NumberValue } from "../../change/attribute-value.js";
import { keyText } from "../../change/item-key.js";
import { canonicalText } from "../canonical-text.js";
import type { Row } from "../row.js";
import type { AggregateView } from "./aggregate-view.js";
import type { Contribution, OrderedValue } from "./contribution.js";
import { addExactly, meanOf, numberOrNothing } from "./decimal.js";
import type { MeasureSpec, OrderedSpec } from "./measure.js";

/** An item of a view's source, with its key text. */
export interface OwnedItem {
  readonly owner: string;
  readonly item: Item;
}

/** What the items of one group give one measure, each with its owner. */
type Given = readonly { readonly owner: string; readonly value: unknown }[];

/**
 * The rows an aggregate view should have: each group's items looked at afresh, all at once.
 *
 * Knows nothing of versions, deltas or stored contributions, so that what those lead to can be compared with it. Holds
 * what every item contributes in memory.
 */
export async function recomputeGroups(
  view: AggregateView,
  items: AsyncIterable<OwnedItem> | Iterable<OwnedItem>,
): Promise<readonly Row[]> {
  const groups = new Map<string, { group: Item; parts: { owner: string; values: Item }[] }>();
  const names = view.key.map(({ name }) => name);
  for await (const { owner, item } of items) {
    for (const row of view.rowsOf(item)) {
      for (const { group, values } of (row.value as unknown as Contribution).parts) {
        const key = keyText(names, group);
        const known = groups.get(key) ?? { group, parts: [] };
        known.parts.push({ owner, values });
        groups.set(key, known);
      }
    }
  }
  return [...groups].map(([key, { group, parts }]) => {
    const value: Record<string, unknown> = { ...group };
    for (const [measure, spec] of Object.entries(view.measures)) {
      const given = parts.map(({ owner, values }) => ({ owner, value: values[measure] }));
      const figure = figureOf(spec, given);
      if (figure !== undefined) value[measure] = figure;
    }
    return { key, value };
  });
}

function figureOf(spec: MeasureSpec, given: Given): unknown {
  const present = given.filter(({ value }) => value !== undefined);
  switch (spec.kind) {
    case "count":
      return given.length;
    case "count-if":
      return present.length;
    case "sum":
      return numberOrNothing(sumOf(present));
    case "avg":
      return present.length === 0 ? undefined : meanOf(sumOf(present), present.length);
    case "distinct-count":
      return new Set(present.map(({ value }) => canonicalText(value))).size;
    case "ordered":
      return orderedFigure(spec, present);
  }
}

function sumOf(given: Given): string {
  return given.reduce((sum, { value }) => addExactly(sum, value), "0");
}

function orderedFigure({ descending, limit, shows }: OrderedSpec, given: Given): unknown {
  const ordered = given
    .map(({ owner, value }) => ({ owner, ...(value as OrderedValue) }))
    .sort((a, b) => compareValues(a.by, b.by) || compareTexts(a.owner, b.owner));
  if (descending) ordered.reverse();
  const shown = ordered.slice(0, limit).map(({ by, kept }) => (shows === "value" ? by : kept));
  return shows === "list" ? shown : shown[0];
}

/** Numbers by amount, then text by its bytes. */
function compareValues(left: unknown, right: unknown): number {
  const [leftIsText, rightIsText] = [typeof left === "string", typeof right === "string"];
  if (leftIsText && rightIsText) return compareTexts(left as string, right as string);
  if (leftIsText !== rightIsText) return leftIsText ? 1 : -1;
  return compareNumbers(left as number | NumberValue, right as number | NumberValue);
}

/** By UTF-8 bytes, which is by code points. */
function compareTexts(left: string, right: string): number {
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < a.length && i < b.length; i++) {
    const difference = (a[i]?.codePointAt(0) ?? 0) - (b[i]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
