import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { MillraceError } from "../../errors.js";

/** How many of the real flights to take: the sizes `vega-datasets` carries. */
export const FLIGHT_SIZES = ["2k", "20k", "200k"] as const;

/** One of {@link FLIGHT_SIZES}. */
export type FlightSize = (typeof FLIGHT_SIZES)[number];

/** A flight as the data set records it: local time, minutes late, miles. */
export interface RecordedFlight {
  readonly date: string;
  readonly delay: number;
  readonly distance: number;
  readonly origin: string;
  readonly destination: string;
}

/** An airport as the data set records it. */
export interface RecordedAirport {
  readonly iata: string;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly country: string;
  readonly latitude: number;
  readonly longitude: number;
}

/**
 * Real US flights of 2001, in order of departure.
 *
 * @throws `configuration` when the data set is not installed.
 */
export function readFlights(size: FlightSize): readonly RecordedFlight[] {
  return size === "200k"
    ? readUnroutedFlights()
    : readJson<RecordedFlight[]>(`flights-${size}.json`);
}

/**
 * The 200,000 flights come with delay, distance and hour only; each is given a real route of its own distance from the
 * 20,000 that have one.
 */
function readUnroutedFlights(): readonly RecordedFlight[] {
  const routed = readJson<RecordedFlight[]>("flights-20k.json");
  const byDistance = new Map(routed.map((flight) => [flight.distance, flight]));
  return readJson<{ delay: number; distance: number; time: number }[]>("flights-200k.json").map(
    (flight, i) => {
      const route = byDistance.get(flight.distance) ?? routed[i % routed.length];
      const hour = String(Math.floor(flight.time)).padStart(2, "0");
      const minute = String(Math.floor((flight.time % 1) * 60)).padStart(2, "0");
      return {
        date: `2001/01/01 ${hour}:${minute}`,
        delay: flight.delay,
        distance: flight.distance,
        origin: route?.origin ?? "",
        destination: route?.destination ?? "",
      };
    },
  );
}

function readJson<T>(name: string): T {
  return JSON.parse(readFileSync(dataFile(name), "utf8")) as T;
}

/** The airports of the data set. */
export function readAirports(): RecordedAirport[] {
  const [header = "", ...lines] = readFileSync(dataFile("airports.csv"), "utf8")
    .trim()
    .split(/\r?\n/);
  const names = header.split(",");
  return lines.map((line) => airportOf(names, line));
}

function airportOf(names: readonly string[], line: string): RecordedAirport {
  const fields = splitCsv(line);
  const text = (name: string) => fields[names.indexOf(name)] ?? "";
  return {
    iata: text("iata"),
    name: text("name"),
    city: text("city"),
    state: text("state"),
    country: text("country"),
    latitude: Number(text("latitude")),
    longitude: Number(text("longitude")),
  };
}

/** Splits one line of the data set, whose quoted fields hold commas but never quotes. */
function splitCsv(line: string): string[] {
  return [...line.matchAll(/("([^"]*)"|[^,]*)(?:,|$)/g)].map(
    ([, plain = "", quoted]) => quoted ?? plain,
  );
}

/** The package offers its data to bundlers only, so the folder is looked for where Node looks for packages. */
function dataFile(name: string): string {
  const folders = createRequire(import.meta.url).resolve.paths("vega-datasets") ?? [];
  const file = folders
    .map((folder) => join(folder, "vega-datasets", "data", name))
    .find((path) => existsSync(path));
  if (file !== undefined) return file;
  throw new MillraceError(
    "configuration",
    "the demo needs the flights of the package vega-datasets, which is not installed: npm install --save-dev vega-datasets",
  );
}
