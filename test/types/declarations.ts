/* eslint-disable @typescript-eslint/no-unsafe-assignment, @typescript-eslint/no-unsafe-return -- what must not compile has no type */
/**
 * What compiles and what does not, checked by `npm run types`: an unused `@ts-expect-error` is an error itself.
 */
import {
  binaryKey,
  type CacheView,
  cacheView,
  numberKey,
  type NumberValue,
  source,
  type TableView,
  tableView,
} from "millrace";

interface Flight {
  flightId: string;
  origin: string;
  destination: string;
  status: "SCHEDULED" | "DEPARTED" | "LANDED";
  delay?: number;
  distance: number;
  fare: number | NumberValue;
  photo: Uint8Array;
  diverted: boolean;
}

interface Customer {
  pk: string;
  sk: string;
  type: "CUSTOMER";
  name: string;
}
interface Order {
  pk: string;
  sk: string;
  type: "ORDER";
  total: number;
}

/** Compiles only if the two types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** `rowOf(view).is<Row>()` compiles only if the view's row has exactly that type. */
function rowOf<R extends object>(_view: TableView<R> | CacheView<R>) {
  return { is: <Row>(..._same: Same<R, Row> extends true ? [] : [never]) => undefined };
}

const flights = source<Flight>({ table: "flights", key: ["flightId"] });
const records = source<Customer | Order>({ table: "records", key: ["pk", "sk"] });

// A source's key: string attributes by name, others by numberKey and binaryKey.
source<Flight>({ table: "flights", key: ["flightId", numberKey("distance")] });
source<Flight>({ table: "flights", key: [binaryKey("photo")] });
// @ts-expect-error: no such attribute
source<Flight>({ table: "flights", key: ["flightNo"] });
// @ts-expect-error: a number attribute named without numberKey
source<Flight>({ table: "flights", key: ["distance"] });
// @ts-expect-error: a string attribute is not a number key
source<Flight>({ table: "flights", key: [numberKey("origin")] });
// @ts-expect-error: a string attribute is not a binary key
source<Flight>({ table: "flights", key: [binaryKey("origin")] });
// @ts-expect-error: an optional attribute cannot be a key
source<Flight>({ table: "flights", key: ["flightId", numberKey("delay")] });
// @ts-expect-error: a boolean cannot be a key
source<Flight>({ table: "flights", key: ["diverted"] });
// @ts-expect-error: at most a partition key and a sort key
source<Flight>({ table: "flights", key: ["flightId", "origin", "destination"] });
// @ts-expect-error: at least a partition key
source<Flight>({ table: "flights", key: [] });

// A re-keyed copy needs no function; its row is the item.
const byDestination = tableView({
  name: "flights-by-destination",
  source: flights,
  key: ["destination", "flightId"],
});
rowOf(byDestination).is<Flight>();
// @ts-expect-error: no such attribute
tableView({ name: "x", source: flights, key: ["destinatoin", "flightId"] });
// @ts-expect-error: an optional attribute cannot be a key
tableView({ name: "x", source: flights, key: ["destination", numberKey("delay")] });
// @ts-expect-error: a number attribute named without numberKey
tableView({ name: "x", source: flights, key: ["destination", "distance"] });

// A projection's row is inferred from the function, without annotations.
const delays = tableView({
  name: "delays",
  source: flights,
  where: { status: ["DEPARTED"], delay: { gte: 15 } },
  key: ["origin", numberKey("minutes")],
  row: (f) => ({ origin: f.origin, minutes: f.delay ?? 0 }),
});
rowOf(delays).is<{ origin: string; minutes: number }>();
// @ts-expect-error: the row lacks the key attribute, although the item has it
tableView({
  name: "x",
  source: flights,
  key: ["origin", "flightId"],
  row: (f) => ({ origin: f.origin }),
});
// @ts-expect-error: the row may lack the key attribute
tableView({
  name: "x",
  source: flights,
  key: ["origin", numberKey("delay")],
  row: (f) => ({ origin: f.origin, delay: f.delay }),
});
tableView({
  name: "x",
  source: flights,
  key: ["origin"],
  // @ts-expect-error: the item has no such attribute
  row: (f) => ({ origin: f.orgin }),
});

// A fan-out's row is inferred from the list.
const touched = tableView({
  name: "airports-touched",
  source: flights,
  key: ["airport", "flightId"],
  rows: ({ origin, destination, flightId }) =>
    [origin, destination].map((airport) => ({ airport, flightId })),
});
rowOf(touched).is<{ airport: string; flightId: string }>();
// @ts-expect-error: the rows have no such attribute
tableView({
  name: "x",
  source: flights,
  key: ["airport", "flightId"],
  rows: (f) => [{ airport: f.origin }],
});
// @ts-expect-error: a promise has no such attribute
tableView({
  name: "x",
  source: flights,
  key: ["origin"],
  row: async (f) => ({ origin: f.origin }),
});

// A type guard narrows what the other functions see, and the row where there is none.
const customers = tableView({
  name: "customers",
  source: records,
  where: (item): item is Customer => item.type === "CUSTOMER",
  key: ["name", "pk"],
});
rowOf(customers).is<Customer>();
const totals = tableView({
  name: "order-totals",
  source: records,
  where: (item): item is Order => item.type === "ORDER",
  key: ["pk", numberKey("cents")],
  row: (order) => ({ pk: order.pk, cents: order.total * 100 }),
});
rowOf(totals).is<{ pk: string; cents: number }>();
tableView({
  name: "x",
  source: records,
  where: (item): item is Order => item.type === "ORDER",
  key: ["pk"],
  // @ts-expect-error: only customers have a name
  row: (order) => ({ pk: order.name }),
});
// @ts-expect-error: only customers have a name
tableView({
  name: "x",
  source: records,
  where: (item): item is Order => item.type === "ORDER",
  key: ["name"],
});
tableView({
  name: "x",
  source: records,
  key: ["pk"],
  // @ts-expect-error: without a guard, an attribute of one kind is not there
  row: (item) => ({ pk: item.name }),
});

// A predicate as a function sees the whole item, and does not narrow.
tableView({ name: "x", source: flights, where: (f) => f.distance > 500, key: ["flightId"] });
// @ts-expect-error: the item has no such attribute
tableView({ name: "x", source: flights, where: (f) => f.distanze > 500, key: ["flightId"] });

// A predicate as data names attributes of the item and values they can have.
tableView({ name: "x", source: records, where: { type: ["ORDER"] }, key: ["pk"] });
tableView({ name: "x", source: flights, where: { fare: { lt: 100 } }, key: ["flightId"] });
tableView({ name: "x", source: flights, where: { delay: { exists: false } }, key: ["flightId"] });
tableView({
  name: "x",
  source: flights,
  where: { status: { not: ["LANDED"] } },
  key: ["flightId"],
});
// @ts-expect-error: not a status
tableView({ name: "x", source: flights, where: { status: ["OPEN"] }, key: ["flightId"] });
// @ts-expect-error: not a status
tableView({ name: "x", source: flights, where: { status: { not: ["OPEN"] } }, key: ["flightId"] });
// @ts-expect-error: no such attribute
tableView({ name: "x", source: flights, where: { state: ["OPEN"] }, key: ["flightId"] });
// @ts-expect-error: a list, even of one
tableView({ name: "x", source: flights, where: { status: "LANDED" }, key: ["flightId"] });
// @ts-expect-error: a number is not compared with text
tableView({ name: "x", source: flights, where: { delay: { gte: "15" } }, key: ["flightId"] });
// @ts-expect-error: only text has a prefix
tableView({ name: "x", source: flights, where: { delay: { prefix: "1" } }, key: ["flightId"] });
// @ts-expect-error: no such operator
tableView({ name: "x", source: flights, where: { delay: { above: 15 } }, key: ["flightId"] });

// A view is the source of others by the type of its row.
const worst = tableView({
  name: "worst-delays",
  source: delays,
  where: { minutes: { gte: 60 } },
  key: ["origin"],
  row: (delay) => ({ origin: delay.origin, worst: delay.minutes }),
});
rowOf(worst).is<{ origin: string; worst: number }>();
// @ts-expect-error: the item had it, the row has not
tableView({ name: "x", source: delays, key: ["flightId"] });
cacheView({
  name: "x",
  source: delays,
  type: "json",
  // @ts-expect-error: the item had it, the row has not
  key: (delay) => delay.flightId,
});

// A cache view's key and value see the item; `where` narrows it.
const cards = cacheView({
  name: "order-cards",
  source: records,
  where: (item): item is Order => item.type === "ORDER",
  type: "json",
  key: (order) => `order:${order.pk}:${order.total}`,
  value: (order) => ({ euros: order.total }),
});
rowOf(cards).is<{ euros: number }>();
const hot = cacheView({
  name: "hot-flights",
  source: flights,
  where: { status: ["DEPARTED"] },
  type: "hash",
  key: ({ flightId }) => `flight:${flightId}`,
  ttlSeconds: 60,
});
rowOf(hot).is<Flight>();
// @ts-expect-error: no such type of entry
cacheView({ name: "x", source: flights, type: "zset", key: (f) => f.flightId });
// @ts-expect-error: a key is text
cacheView({ name: "x", source: flights, type: "json", key: (f) => f.distance });
// @ts-expect-error: an entry has attributes
cacheView({ name: "x", source: flights, type: "json", key: (f) => f.origin, value: () => "text" });
// @ts-expect-error: not a status
cacheView({ name: "x", source: flights, type: "json", where: { status: ["X"] }, key: () => "k" });
// @ts-expect-error: a cache has no stream to follow
tableView({ name: "x", source: hot, key: ["flightId"] });
