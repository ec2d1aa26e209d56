import { readFlights } from "../../src/cli/demo/flight-data.js";
import { flightHistory } from "../../src/cli/demo/flight-history.js";
import type { BenchItem, Workload } from "./workload.js";

/** Flights in one wave: fewer than a batch would fold into one change a flight. */
const WAVE = 5_000;
const STATUS = { SCHEDULED: 0, DEPARTED: 1, LANDED: 2 } as const;

/**
 * The lives of 200,000 real flights, as the demo writes them: found by destination, with what changes on the way as the
 * value; from the beginning again, as other flights, when all have landed.
 */
export function flightChanges(): Workload["next"] {
  let changes: ReturnType<typeof allChanges> | undefined;
  return () => (changes ??= allChanges()).next().value;
}

function* allChanges(): Generator<readonly [BenchItem | undefined, BenchItem | undefined], never> {
  const flights = readFlights("200k");
  for (let round = 0; ; round++) {
    const items = new Map<string, BenchItem>();
    for (const wave of flightHistory(flights, 1, WAVE)) {
      for (const write of wave) {
        const id = `${round}-${write.type === "put" ? write.item.flightId : write.flightId}`;
        const before = items.get(id);
        if (write.type === "delete") {
          items.delete(id);
          yield [before, undefined];
          continue;
        }
        const { destination, status, delay = 0, ...rest } = write.item;
        const value0 = STATUS[status] * 10_000 + delay;
        const item = { id, owner: destination, payload: JSON.stringify(rest), touched: 0, value0 };
        items.set(id, item);
        yield [before, item];
      }
    }
  }
}
