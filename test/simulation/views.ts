import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import {
  avg,
  count,
  countIf,
  distinctCount,
  max,
  sum,
  topK,
} from "../../src/view/aggregate/measure.js";
import { type CacheView, cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations, type Declarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import type { View } from "../../src/view/view.js";
import type { Settings, SubjectItem } from "./plan.js";

/** The views of rows that read the source itself, and so can meet its poison. */
export const ROW_VIEWS = ["by-home", "by-group", "seats", "cards", "hot"] as const;
/** The views of groups that do. */
export const GROUP_VIEWS = ["totals", "standings"] as const;

/** What decides, at the moment a view is asked, whether it throws. */
export interface Health {
  isFixed(): boolean;
  /** Whether a bad version of the view is deployed. */
  isBad(view: string): boolean;
}

/** Declares the views of a simulation: every kind there is, and one that follows another. */
export function declareViews(settings: Settings, health: Health): Declarations {
  const { tombstones, sharedKeys, spread, views: declared } = settings;
  const items = source<SubjectItem>({ table: "items", key: ["id"] });
  const byHome = tableView({
    name: "by-home",
    source: items,
    where: (item) => item.home !== undefined,
    key: ["home", "id"],
    row: ({ home, id, amount }) => ({ home: home!, id, amount }),
    tombstones,
  });
  const byGroup = tableView({
    name: "by-group",
    source: items,
    key: ["group", "id"],
    rows: ({ groups, id, amount }) => groups.map((group) => ({ group, id, amount })),
    tombstones,
  });
  const seats = tableView({
    name: "seats",
    source: items,
    where: (item) => item.seat !== undefined,
    key: ["seat"],
    row: ({ seat, id, amount }) => ({ seat: seat!, id, amount }),
    tombstones,
  });
  const ofRows = tableView({
    name: "of-rows",
    source: byHome,
    where: { amount: { gte: 0 } },
    key: ["id", "home"],
    row: ({ id, home, amount }) => ({ id, home, twice: String(amount) + String(amount) }),
    tombstones,
  });
  const cards: CacheView = cacheView({
    name: "cards",
    source: items,
    type: "json",
    where: ({ groups }) => groups.length > 0,
    key: ({ id, groups }) => `card:${groups[0]!}:${id}`,
    value: ({ amount, groups }) => ({ amount, groups: [...groups] }),
  });
  const hot: CacheView = cacheView({
    name: "hot",
    source: items,
    type: "hash",
    where: { amount: { gt: 0 } },
    key: ({ id }) => `hot:${id}`,
    value: ({ id, amount }) => ({ id, amount }),
  });
  const totals = aggregateView({
    name: "totals",
    source: items,
    groupBy: ({ groups }) => groups.map((group) => ({ group })),
    key: ["group"],
    measures: {
      items: count(),
      positive: countIf(({ amount }) => amount > 0),
      total: sum("amount"),
      homes: distinctCount("home"),
    },
  });
  const standings = aggregateView({
    name: "standings",
    source: items,
    where: (item) => item.home !== undefined,
    groupBy: ({ home }) => ({ home: home! }),
    key: ["home"],
    measures: {
      mean: avg("amount"),
      most: max("amount"),
      top: topK(2, { by: "amount", keep: ({ id }) => ({ id }) }),
    },
    spread,
  });
  const ofTotals = tableView({
    name: "of-totals",
    source: totals,
    where: { items: { gte: 2 } },
    key: ["group"],
    row: ({ group, total, homes }) => ({ group, total, homes }),
    tombstones,
  });
  const ofSource = [byHome, byGroup, ...(sharedKeys ? [seats] : []), cards, hot, totals, standings];
  const views: View[] = ofSource.filter(({ name }) => declared.includes(name));
  if (views.includes(byHome)) views.push(ofRows);
  if (views.includes(totals)) views.push(ofTotals);
  const declarations = collectDeclarations(Object.fromEntries(views.map((v) => [v.name, v])));
  return { ...declarations, views: declarations.views.map((view) => fallible(view, health)) };
}

/** The view, throwing on what is poison to it until it is fixed, and on everything while it is bad. */
function fallible<V extends View>(view: V, health: Health): V {
  return {
    ...view,
    rowsOf: (item) => {
      const poison = (item as Partial<SubjectItem>).poison ?? [];
      if (health.isBad(view.name)) throw new Error("a mistake that was just deployed");
      if (!health.isFixed() && poison.includes(view.name))
        throw new Error(`poison to ${view.name}`);
      return view.rowsOf(item);
    },
  };
}
