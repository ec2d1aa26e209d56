import { about, type PlantedBug } from "./plants.js";

/** Mistakes that are easy to make in a backfill beside a live stream. */
export const BACKFILL_BUGS: Readonly<Record<string, PlantedBug>> = {
  "no second read": about("backfill", {
    backfill: (parts, seen) => ({
      ...parts,
      items: {
        get: async (source, owners) => {
          const now = await parts.items.get(source, owners);
          return new Map(
            owners.flatMap((owner) => {
              const item = seen.get(owner) ?? now.get(owner);
              return item ? [[owner, item] as const] : [];
            }),
          );
        },
      },
    }),
  }),
  "keys not written down first": about("backfill", {
    backfill: (parts) => ({
      ...parts,
      state: {
        ...parts.state,
        saveSegment: (source, state) => parts.state.saveSegment(source, { ...state, rows: [] }),
      },
    }),
  }),
};
