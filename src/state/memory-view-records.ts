import type { CurrentVersion, RecordedDefinition, ViewRecords } from "./view-records.js";

/** Records of views in memory, for tests and simulation; keep the same contract as the durable ones. */
export function createMemoryViewRecords(): ViewRecords {
  const definitions = new Map<string, RecordedDefinition>();
  const pointers = new Map<string, CurrentVersion>();
  const idOf = ({ view, version }: { view: string; version: number }) => `${view} ${version}`;
  return {
    definition: async (of) => definitions.get(idOf(of)),
    async recordDefinition(of, definition, options) {
      if (!options?.once || !definitions.has(idOf(of))) definitions.set(idOf(of), definition);
    },
    async forgetDefinition(of) {
      definitions.delete(idOf(of));
    },
    current: async (view) => pointers.get(view),
    async switchTo(view, from, to) {
      if (pointers.get(view)?.version !== from) return false;
      pointers.set(view, to);
      return true;
    },
  };
}
