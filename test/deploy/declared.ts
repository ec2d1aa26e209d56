import {
  type Deployment,
  type DeploymentSettings,
  readDeployment,
} from "../../src/deploy/deployment.js";
import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";

interface Order {
  orderId: string;
  customerId: string;
  total: number;
}

/** A source that views follow. */
export const orders = source<Order>({ table: "orders", key: ["orderId"] });

/** A source that nobody follows yet. */
export const customers = source<{ customerId: string }>({
  table: "customers",
  key: ["customerId"],
});

/** A view that a further view follows. */
export const ordersByCustomer = tableView({
  name: "orders-by-customer",
  source: orders,
  key: ["customerId", "orderId"],
});

/** A view in a table of another name, which remembers deletions. */
export const largeOrders = tableView({
  name: "large-orders",
  source: ordersByCustomer,
  table: "large",
  where: { total: { gte: 100 } },
  key: ["orderId"],
  tombstones: true,
});

/** A view in the cache. */
export const orderCards = cacheView({
  name: "order-cards",
  source: orders,
  type: "json",
  key: ({ orderId }) => `order:${orderId}`,
});

/** The deployment of these declarations, as service `shop` in stage `dev`. */
export function deploymentOf(
  settings: Partial<DeploymentSettings> = {},
  exports: Readonly<Record<string, unknown>> = {
    orders,
    customers,
    ordersByCustomer,
    largeOrders,
    orderCards,
  },
): Deployment {
  return readDeployment(exports, { service: "shop", stage: "dev", ...settings });
}
