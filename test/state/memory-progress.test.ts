import { createMemoryProgress } from "../../src/state/memory-progress.js";
import { describeProgressContract } from "./progress-contract.js";

describeProgressContract("the memory progress", async () => ({
  progress: createMemoryProgress(),
  close: async () => undefined,
}));
