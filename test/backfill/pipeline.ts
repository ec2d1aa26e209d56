/** Three views of flights, one of each kind: what a backfill is tried on. */
import { aggregateView, cacheView, count, source, sum, tableView } from "../../src/index.js";

export interface BoardFlight {
  flightId: string;
  origin: string;
  destination: string;
  delay: number;
  distance: number;
}

export const flights = source<BoardFlight>({ table: "board-flights", key: ["flightId"] });

export const boardByDestination = tableView({
  name: "board-by-destination",
  source: flights,
  key: ["destination", "flightId"],
});

export const boardRoutes = aggregateView({
  name: "board-routes",
  source: flights,
  groupBy: ({ origin, destination }) => ({ origin, destination }),
  key: ["origin", "destination"],
  measures: { flights: count(), minutesLate: sum("delay") },
});

export const boardCards = cacheView({
  name: "board-cards",
  source: flights,
  type: "hash",
  key: ({ flightId }) => `board:${flightId}`,
});
