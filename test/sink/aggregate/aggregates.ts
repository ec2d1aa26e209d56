import type { Item } from "../../../src/change/attribute-value.js";
import { keyText } from "../../../src/change/item-key.js";
import type { AggregateSink } from "../../../src/sink/aggregate/aggregate-sink.js";
import { type AggregateView, aggregateView } from "../../../src/view/aggregate/aggregate-view.js";
import {
  avg,
  count,
  countIf,
  distinctCount,
  earliest,
  latest,
  max,
  min,
  sum,
  topK,
} from "../../../src/view/aggregate/measure.js";
import { recomputeGroups } from "../../../src/view/aggregate/recompute-groups.js";
import { canonicalText } from "../../../src/view/canonical-text.js";
import type { Mutation } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { AT } from "../../support/records.js";
import { version } from "../contract/subject.js";

/** An item of the tests: what it is worth, and the groups it is in. */
export interface Sale {
  id: string;
  groups: string[];
  amount?: number | undefined;
  tag?: string | undefined;
}

/** What an item is worth, in these groups. */
export const sale = (groups: string[], amount?: number, tag?: string) => ({ groups, amount, tag });

export const sales = source<Sale>({ table: "sales", key: ["id"] });

const groupBy = ({ groups }: Sale) => groups.map((group) => ({ group }));

/** A view of counts and sums only, whose rows are their own counters. */
export function directView(name: string): AggregateView {
  return aggregateView({
    name,
    source: sales,
    groupBy,
    key: ["group"],
    measures: {
      sales: count(),
      large: countIf(({ amount = 0 }) => amount > 2),
      total: sum("amount"),
      tags: distinctCount("tag"),
    },
  });
}

/** A view with every measure there is. */
export function fullView(name: string, spread = 1): AggregateView {
  return aggregateView({
    name,
    source: sales,
    spread,
    groupBy,
    key: ["group"],
    measures: {
      sales: count(),
      large: countIf(({ amount = 0 }) => amount > 2),
      total: sum("amount"),
      mean: avg("amount"),
      least: min("amount"),
      most: max("amount"),
      tags: distinctCount("tag"),
      top: topK(2, { by: "amount", keep: ({ id, amount }) => ({ id, amount: amount ?? 0 }) }),
      first: earliest({ by: "tag", keep: ({ id }) => ({ id }) }),
      last: latest({ by: "tag", keep: ({ id }) => ({ id }) }),
    },
  });
}

/** What an item contributes now, as the mutation that its n-th change makes; a deletion where there is no item. */
export function contribute(
  view: AggregateView,
  id: string,
  sale: Omit<Sale, "id"> | undefined,
  n: number,
): Mutation<AggregateView> {
  const [row] = sale ? view.rowsOf({ id, ...defined(sale) }) : [];
  const target = {
    view,
    key: "contribution",
    owner: keyText(["id"], { id }),
    version: version(n),
    changedAtSeconds: AT,
  };
  return row
    ? { type: "put", ...target, value: row.value }
    : { type: "delete", ...target, value: { parts: [] } };
}

function defined(item: object): Item {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined));
}

/** All rows of a view as text, by key. */
export async function stored(sink: AggregateSink, view: AggregateView) {
  const rows: Record<string, string> = {};
  for await (const { key, value } of sink.scan(view)) rows[key] = canonicalText(value);
  return rows;
}

/** All rows that a view should have, as {@link stored} shows them. */
export async function recomputed(
  view: AggregateView,
  items: Iterable<readonly [string, Omit<Sale, "id"> | undefined]>,
): Promise<Record<string, string>> {
  const owned = [...items].flatMap(([id, sale]) =>
    sale ? [{ owner: keyText(["id"], { id }), item: { id, ...defined(sale) } }] : [],
  );
  const rows = await recomputeGroups(view, owned);
  return Object.fromEntries(rows.map(({ key, value }) => [key, canonicalText(value)]));
}
