import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import { describeQuarantineContract } from "./quarantine-contract.js";

describeQuarantineContract("the memory quarantine", async () => ({
  quarantine: createMemoryQuarantine(),
  close: async () => undefined,
}));
