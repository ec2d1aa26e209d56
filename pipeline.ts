/**
 * The flight board: what the example in this repository deploys, and `npm run demo` fills with real flights.
 *
 * Sources and views are data and pure functions; handlers, tables, cache keys and checks all follow from them.
 */
import {
  aggregateView,
  avg,
  bucket,
  cacheView,
  count,
  countIf,
  distinctCount,
  max,
  source,
  tableView,
  topK,
} from "./src/index.js";

/** A flight: written when it is scheduled, updated when it departs and lands, deleted when it is cancelled. */
export interface Flight {
  flightId: string;
  origin: string;
  destination: string;
  /** Local time, ISO 8601 to the minute. */
  scheduledAt: string;
  status: "SCHEDULED" | "DEPARTED" | "LANDED";
  /** Minutes late (negative: early); unknown until it departs. */
  delay?: number;
  /** Miles. */
  distance: number;
}

/** An airport, by its IATA code. */
export interface Airport {
  iata: string;
  name: string;
  city: string;
  state: string;
  country: string;
  latitude: number;
  longitude: number;
}

export const flights = source<Flight>({ table: "flights", key: ["flightId"] });
export const airports = source<Airport>({ table: "airports", key: ["iata"] });

/** Every flight again, found by where it goes. */
export const flightsByDestination = tableView({
  name: "flights-by-destination",
  source: flights,
  key: ["destination", "flightId"],
});

/** Flights in the air that left at least a quarter of an hour late: they enter when they depart and leave when they land. */
export const delayedFlights = tableView({
  name: "delayed-flights",
  source: flights,
  where: { status: ["DEPARTED"], delay: { gte: 15 } },
  key: ["origin", "flightId"],
  row: ({ origin, flightId, destination, delay = 0 }) => ({ origin, flightId, destination, delay }),
});

/** Both airports a flight touches, one row each; what changes on the way costs nothing here. */
export const airportsTouched = tableView({
  name: "airports-touched",
  source: flights,
  key: ["airport", "flightId"],
  rows: ({ flightId, origin, destination, scheduledAt }) => [
    { airport: origin, flightId, role: "origin", scheduledAt },
    { airport: destination, flightId, role: "destination", scheduledAt },
  ],
});

/** Airports by the state they are in. */
export const airportsByState = tableView({
  name: "airports-by-state",
  source: airports,
  where: (airport) => airport.state !== "NA",
  key: ["state", "iata"],
  row: ({ state, iata, name, city }) => ({ state, iata, name, city }),
});

/** How punctual each route is, over the flights that have left: exact however often a change is delivered. */
export const routeStatistics = aggregateView({
  name: "route-statistics",
  source: flights,
  where: ({ status }) => status !== "SCHEDULED",
  groupBy: ({ origin, destination }) => ({ origin, destination }),
  key: ["origin", "destination"],
  measures: {
    flights: count(),
    late: countIf(({ delay = 0 }) => delay >= 15),
    meanDelay: avg("delay"),
    worstDelay: max("delay"),
  },
});

/** How many flights leave an airport in each hour of its local time. */
export const hourlyDepartures = aggregateView({
  name: "hourly-departures",
  source: flights,
  groupBy: ({ origin, scheduledAt }) => ({ origin, hour: bucket("hour", scheduledAt) }),
  key: ["origin", "hour"],
  measures: { departures: count() },
});

/** Each airport's network and its three worst delays; the number of destinations falls again when the last flight goes. */
export const airportFigures = aggregateView({
  name: "airport-figures",
  source: flights,
  groupBy: ({ origin }) => ({ origin }),
  key: ["origin"],
  measures: {
    flights: count(),
    destinations: distinctCount("destination"),
    topDelays: topK(3, {
      by: "delay",
      keep: ({ flightId, destination, delay = 0 }) => ({ flightId, destination, delay }),
    }),
  },
});

/** Flights in the air, for whoever asks about one: a plain HGETALL reads it. */
export const hotFlights = cacheView({
  name: "hot-flights",
  source: flights,
  where: { status: ["DEPARTED"] },
  type: "hash",
  key: ({ flightId }) => `flight:${flightId}`,
  ttlSeconds: 24 * 60 * 60,
});

/** What a page shows of an airport, as one string of JSON. */
export const airportCards = cacheView({
  name: "airport-cards",
  source: airports,
  type: "json",
  key: ({ iata }) => `airport:${iata}`,
  value: ({ iata, name, city, state }) => ({ iata, name, place: `${city}, ${state}` }),
});
