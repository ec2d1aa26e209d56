import { createMemoryStore } from "../../../src/sink/aggregate/memory-store.js";
import { describeStoreContract } from "./store-contract.js";

describeStoreContract("the memory store", async () => ({
  store: createMemoryStore(),
  table: "workings",
  close: async () => undefined,
}));
