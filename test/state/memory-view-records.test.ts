import { createMemoryViewRecords } from "../../src/state/memory-view-records.js";
import { describeViewRecordsContract } from "./view-records-contract.js";

describeViewRecordsContract("the memory records", async () => ({
  records: createMemoryViewRecords(),
  close: async () => undefined,
}));
