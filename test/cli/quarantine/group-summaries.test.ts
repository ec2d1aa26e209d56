import { expect, test } from "@jest/globals";

import { groupSummaries } from "../../../src/cli/quarantine/group-summaries.js";
import type { QuarantineSummary } from "../../../src/state/quarantine.js";

async function* summaries(
  ...rows: readonly (readonly [string, string, QuarantineSummary["code"], number])[]
): AsyncGenerator<QuarantineSummary> {
  for (const [view, itemKey, code, parkedAtMs] of rows)
    yield {
      ...{ view, itemKey, code, parkedAtMs, source: "s", position: "p", handle: "h" },
      ...{ message: `${code} of ${itemKey}`, changes: 2 },
    };
}

test("counts items and changes by view and error, and what waits behind an error with it", async () => {
  const groups = await groupSummaries(
    summaries(
      ["v", "1", "view-failed", 50],
      ["v", "1", "refused", 90],
      ["v", "2", "view-failed", 10],
      ["v", "3", "collision", 20],
      ["a", "1", "view-failed", 30],
    ),
  );
  expect(groups).toEqual([
    { view: "a", error: "view-failed", items: 1, changes: 2, firstAtMs: 30, lastAtMs: 30, example: { key: "1", message: "view-failed of 1" } }, // prettier-ignore
    { view: "v", error: "collision", items: 1, changes: 2, firstAtMs: 20, lastAtMs: 20, example: { key: "3", message: "collision of 3" } }, // prettier-ignore
    { view: "v", error: "view-failed", items: 2, changes: 6, firstAtMs: 10, lastAtMs: 90, example: { key: "1", message: "view-failed of 1" } }, // prettier-ignore
  ]);
});
