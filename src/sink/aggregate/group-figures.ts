import { decodeItem, type Item, type WireItem } from "../../change/attribute-value.js";
import type { AggregateView } from "../../view/aggregate/aggregate-view.js";
import { addExactly, meanOf, numberOrNothing } from "../../view/aggregate/decimal.js";
import type { MeasureSpec, OrderedSpec } from "../../view/aggregate/measure.js";
import type { Store } from "./store.js";
import {
  ATTRIBUTE,
  countAttribute,
  measureAttribute,
  orderPartition,
  sumAttribute,
} from "./workings.js";

/** The measures of a group, from the sum of its counters and the ends of its orders. */
export async function figuresOf(
  store: Store,
  view: AggregateView,
  group: string,
  counters: readonly (WireItem | undefined)[],
): Promise<Item> {
  const total = (attribute: string) =>
    counters.reduce((sum, counter) => addExactly(sum, counter?.[attribute]?.N ?? "0"), "0");
  const figures: Record<string, unknown> = {};
  for (const [measure, spec] of Object.entries(view.measures)) {
    const figure = await figureOf(store, view, group, measure, spec, total);
    if (figure !== undefined) figures[measure] = figure;
  }
  return figures;
}

async function figureOf(
  store: Store,
  view: AggregateView,
  group: string,
  measure: string,
  spec: MeasureSpec,
  total: (attribute: string) => string,
): Promise<unknown> {
  switch (spec.kind) {
    case "count":
    case "count-if":
    case "sum":
    case "distinct-count":
      return numberOrNothing(total(measureAttribute(view, measure)));
    case "avg": {
      const count = total(countAttribute(measure));
      return count === "0" ? undefined : meanOf(total(sumAttribute(measure)), count);
    }
    case "ordered":
      return orderedFigure(store, view, orderPartition(measure, group), spec);
  }
}

async function orderedFigure(
  store: Store,
  view: AggregateView,
  partition: string,
  { descending, limit, shows }: OrderedSpec,
): Promise<unknown> {
  const entries = await store.query({ table: view.workingsTable, partition, descending, limit });
  const shown = entries.map((entry) => {
    const { [ATTRIBUTE.by]: by, [ATTRIBUTE.kept]: kept } = decodeItem(entry);
    return shows === "value" ? by : kept;
  });
  return shows === "list" ? shown : shown[0];
}
