import { createMemoryStore } from "../../src/sink/aggregate/memory-store.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import { describeBadInput } from "./bad-input.js";

describeBadInput(async () => ({
  store: createMemoryStore(),
  quarantine: createMemoryQuarantine(),
}));
