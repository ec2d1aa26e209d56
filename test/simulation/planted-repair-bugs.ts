import type { Sink } from "../../src/sink/sink.js";
import type { View } from "../../src/view/view.js";
import { about, type PlantedBug } from "./plants.js";

/** Mistakes that are easy to make in a repair beside a live stream. */
export const REPAIR_BUGS: Readonly<Record<string, PlantedBug>> = {
  "repair without compare-and-set": about("repair", {
    repair: (ports) => ({
      ...ports,
      tables: careless(ports.tables),
      ...(ports.cache && { cache: careless(ports.cache) }),
    }),
  }),
};

/** A sink that corrects whatever is there. */
function careless<V extends View>(sink: Sink<V>): Sink<V> {
  return {
    ...sink,
    correct: async (mutations) =>
      sink.correct(
        await Promise.all(
          mutations.map(async (mutation) => {
            const { version, owner } = (await sink.get(mutation.view, mutation.key)) ?? mutation;
            return { ...mutation, version, owner };
          }),
        ),
      ),
  };
}
