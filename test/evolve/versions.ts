import { cacheView } from "../../src/view/cache-view.js";
import { tableView } from "../../src/view/table-view.js";
import { type Order, orders } from "../pipeline/pipeline-under-test.js";

/** Three versions of a view in a table, whose rows differ. */
export const first = tableView({
  name: "open-orders",
  source: orders,
  key: ["customer", "id"],
  row: ({ id, customer }) => ({ id, customer, version: 1 as const }),
});
export const second = tableView({
  name: "open-orders",
  version: 2,
  source: orders,
  key: ["customer", "id"],
  row: ({ id, customer }) => ({ id, customer, version: 2 as const }),
});
export const third = tableView({
  name: "open-orders",
  version: 3,
  source: orders,
  key: ["customer", "id"],
});

const common = {
  name: "hot-orders",
  source: orders,
  type: "json",
  key: ({ id }: Order) => `order:${id}`,
} as const;

/** Two versions of a view in the cache, whose entries differ. */
export const hotFirst = cacheView({ ...common, value: ({ id }) => ({ id, version: 1 }) });
export const hotSecond = cacheView({
  ...common,
  version: 2,
  value: ({ id }) => ({ id, version: 2 }),
});
