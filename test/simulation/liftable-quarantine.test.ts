import { expect, test } from "@jest/globals";

import { describeQuarantineContract, entryOf } from "../state/quarantine-contract.js";
import { createLiftableQuarantine } from "./liftable-quarantine.js";

describeQuarantineContract("the simulation's quarantine", async () => ({
  quarantine: createLiftableQuarantine(),
  close: async () => undefined,
}));

test("G7: a fence is lifted only if nothing was parked since it was looked at", async () => {
  const quarantine = createLiftableQuarantine();
  const entry = entryOf();
  await quarantine.park(entry);
  const [seen] = quarantine.fenced();
  await quarantine.park({ ...entry, position: `${entry.position}+` }, { joining: true });
  expect(quarantine.lift(seen!)).toBe("parked meanwhile");
  expect(quarantine.fenced()).toMatchObject([{ parked: 2, entries: [entry, {}] }]);
  expect(quarantine.lift(quarantine.fenced()[0]!)).toBe("lifted");
  expect((await quarantine.fences(entry.source)).size).toBe(0);
});
