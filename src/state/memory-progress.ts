import {
  addUpdates,
  type FunctionProgress,
  lossesWith,
  type ProgressStore,
  type ProgressUpdate,
  stepTo,
} from "./progress.js";

/** Progress in memory, for tests and simulation; keeps the same contract as the durable one. */
export function createMemoryProgress(): ProgressStore {
  const functions = new Map<string, FunctionProgress & { readonly source: string }>();
  const mended = new Map<string, Map<string, number>>();

  function recorded(update: ProgressUpdate): FunctionProgress & { readonly source: string } {
    const known = functions.get(`${update.source} ${update.function}`);
    const { batchEndedAtMs, position } = update;
    if (!known) return { ...update, sinceMs: batchEndedAtMs, losses: [] };
    const isNew = position && known.position && stepTo(known.position, position) === "anew";
    const losses = isNew
      ? lossesWith(known.losses, known.position, position, batchEndedAtMs)
      : known.losses;
    return { ...addUpdates(known, update), sinceMs: known.sinceMs, losses };
  }

  return {
    async record(update) {
      const dated = { ...update, views: datedViews(update) };
      functions.set(`${update.source} ${update.function}`, recorded(dated));
    },
    async read(source) {
      const own = [...functions.values()].filter((progress) => progress.source === source);
      return {
        functions: own
          .map(({ source: _source, ...progress }) => progress)
          .sort((a, b) => (a.function < b.function ? -1 : 1)),
        mendedAtMs: Object.fromEntries(mended.get(source) ?? []),
      };
    },
    async markMended(source, view, atMs) {
      const views = mended.get(source) ?? new Map<string, number>();
      mended.set(source, views.set(view, Math.max(views.get(view) ?? 0, atMs)));
    },
  };
}

/** Each view's counts with when they were taken: of several, the first is kept. */
function datedViews({ views, batchEndedAtMs: sinceMs }: ProgressUpdate): ProgressUpdate["views"] {
  const dated = Object.entries(views).map(([view, counts]) => [view, { ...counts, sinceMs }]);
  return Object.fromEntries(dated) as ProgressUpdate["views"];
}
