import type { RecordedFlight } from "./flight-data.js";

/** A flight as the demo writes it. */
export interface FlightItem {
  readonly flightId: string;
  readonly origin: string;
  readonly destination: string;
  readonly scheduledAt: string;
  readonly status: "SCHEDULED" | "DEPARTED" | "LANDED";
  readonly delay?: number;
  readonly distance: number;
}

/** One write of the demo. */
export type FlightWrite =
  | { readonly type: "put"; readonly item: FlightItem }
  | { readonly type: "delete"; readonly flightId: string };

/** Share of flights that are cancelled, and so deleted, after they were scheduled. */
const CANCELLED_SHARE = 0.03;
/** Share of flights still in the air when the data ends, so that the views of flights under way are not empty then. */
const AIRBORNE_SHARE = 0.1;
/** Share of landed flights whose record is removed at last, so that rows leave views at the end of a life too. */
const ARCHIVED_SHARE = 0.02;

/**
 * The life of every flight in waves: a wave is scheduled, then departs, then lands; some are cancelled, some still fly.
 *
 * @param seed decides who is cancelled; the same seed writes the same history.
 */
export function* flightHistory(
  flights: readonly RecordedFlight[],
  seed: number,
  wave: number,
): Generator<FlightWrite[]> {
  const random = seededRandom(seed);
  for (let start = 0; start < flights.length; start += wave) {
    const items = flights
      .slice(start, start + wave)
      .map((flight, i) => scheduled(flight, start + i));
    yield items.map((item) => ({ type: "put", item }));
    const flying = items.filter(() => random() >= CANCELLED_SHARE);
    const cancelled = items.filter((item) => !flying.includes(item));
    yield [...flying.map((item) => departed(item, flights)), ...cancelled.map(removed)];
    const landing = flying.filter(() => random() >= AIRBORNE_SHARE);
    yield landing.map((item) =>
      random() < ARCHIVED_SHARE ? removed(item) : landed(item, flights),
    );
  }
}

function scheduled(
  { date, origin, destination, distance }: RecordedFlight,
  index: number,
): FlightItem {
  const scheduledAt = date.replace(/\//g, "-").replace(" ", "T");
  const flightId = `${origin}-${destination}-${String(index).padStart(6, "0")}`;
  return { flightId, origin, destination, scheduledAt, status: "SCHEDULED", distance };
}

function departed(item: FlightItem, flights: readonly RecordedFlight[]): FlightWrite {
  const delay = Math.max(0, recordOf(item, flights).delay);
  return { type: "put", item: { ...item, status: "DEPARTED", delay } };
}

function landed(item: FlightItem, flights: readonly RecordedFlight[]): FlightWrite {
  return { type: "put", item: { ...item, status: "LANDED", delay: recordOf(item, flights).delay } };
}

function removed({ flightId }: FlightItem): FlightWrite {
  return { type: "delete", flightId };
}

function recordOf({ flightId }: FlightItem, flights: readonly RecordedFlight[]): RecordedFlight {
  return flights[Number(flightId.slice(flightId.lastIndexOf("-") + 1))] as RecordedFlight;
}

/** A small, repeatable source of chance (mulberry32), uniform in [0, 1). */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
