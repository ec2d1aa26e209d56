/**
 * What compiles of aggregate views and what does not, checked by `npm run types`.
 */
import {
  type AggregateView,
  aggregateView,
  avg,
  bucket,
  count,
  countIf,
  distinctCount,
  latest,
  max,
  min,
  type NumberValue,
  source,
  sum,
  tableView,
  topK,
} from "millrace";

interface Flight {
  flightId: string;
  origin: string;
  destination: string;
  status: "SCHEDULED" | "DEPARTED" | "LANDED";
  delay?: number;
  distance: number;
  fare: number | NumberValue;
  diverted: boolean;
}
interface Customer {
  pk: string;
  type: "CUSTOMER";
}
interface Order {
  pk: string;
  type: "ORDER";
  total: number;
}

/** Compiles only if the two types are the same. */
type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** `rowOf(view).is<Row>()` compiles only if the view's row has exactly that type. */
function rowOf<R extends object>(_view: AggregateView<R>) {
  return { is: <Row>(..._same: Same<R, Row> extends true ? [] : [never]) => undefined };
}

const flights = source<Flight>({ table: "flights", key: ["flightId"] });
const records = source<Customer | Order>({ table: "records", key: ["pk"] });

// A group's row: what names it, and its measures, whose types follow from the item's attributes.
const byOrigin = aggregateView({
  name: "by-origin",
  source: flights,
  where: { status: ["LANDED"] },
  groupBy: ({ origin, destination }) => ({ origin, day: bucket("day", destination) }),
  key: ["origin", "day"],
  measures: {
    flights: count(),
    late: countIf((f) => (f.delay ?? 0) > 15),
    fares: sum("fare"),
    miles: sum((f) => f.distance),
    meanDelay: avg("delay"),
    worst: max("delay"),
    first: min((f) => f.flightId),
    destinations: distinctCount("destination"),
    top: topK(3, { by: "delay", keep: ({ flightId, delay = 0 }) => ({ flightId, delay }) }),
    last: latest({ by: (f) => f.distance }),
  },
  spread: 4,
});
rowOf(byOrigin).is<{
  origin: string;
  day: string;
  flights: number;
  late: number;
  fares: number | NumberValue;
  miles: number | NumberValue;
  meanDelay: number | NumberValue | undefined;
  worst: number | undefined;
  first: string | undefined;
  destinations: number;
  top: { flightId: string; delay: number }[];
  last: Flight | undefined;
}>();
const grouped = { name: "x", source: flights, groupBy: (f: Flight) => ({ origin: f.origin }) };
// @ts-expect-error: no such attribute to sum
aggregateView({ ...grouped, key: ["origin"], measures: { n: sum("delays") } });
// @ts-expect-error: text has no sum
aggregateView({ ...grouped, key: ["origin"], measures: { n: sum("destination") } });
// @ts-expect-error: a boolean has no order
aggregateView({ ...grouped, key: ["origin"], measures: { n: max("diverted") } });
// @ts-expect-error: the group is not named by it
aggregateView({ ...grouped, key: ["flightId"], measures: { n: count() } });
// @ts-expect-error: not a measure
aggregateView({ ...grouped, key: ["origin"], measures: { n: 1 } });
aggregateView({
  ...grouped,
  key: ["origin"],
  // @ts-expect-error: no such attribute to order by
  measures: { n: topK(3, { by: "delays" }) },
});
aggregateView({
  ...grouped,
  key: ["origin"],
  // @ts-expect-error: the item has no such attribute
  measures: { n: countIf((f) => f.delays > 3) },
});

// A type guard narrows what groups and measures see.
const spending = aggregateView({
  name: "spending",
  source: records,
  where: (item): item is Order => item.type === "ORDER",
  groupBy: ({ pk }) => ({ pk }),
  key: ["pk"],
  measures: { total: sum("total"), most: max((order) => order.total) },
});
rowOf(spending).is<{ pk: string; total: number | NumberValue; most: number | undefined }>();

// An item may be in several groups, and a view of groups is the source of others.
const places = aggregateView({
  name: "places",
  source: flights,
  groupBy: ({ origin, destination }) => [{ airport: origin }, { airport: destination }],
  key: ["airport"],
  measures: { flights: count() },
});
tableView({ name: "busy", source: places, where: { flights: { gte: 100 } }, key: ["airport"] });
// @ts-expect-error: the item had it, the group has not
tableView({ name: "x", source: places, key: ["origin"] });
