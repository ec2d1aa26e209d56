import { expect, test } from "@jest/globals";
import pc from "picocolors";

import { formatStatus } from "../../../src/cli/status/format-status.js";
import type { StatusReport } from "../../../src/status/assess.js";

const NOW = Date.UTC(2026, 0, 5, 10, 2, 31);

const report: StatusReport = {
  ok: false,
  atMs: NOW,
  sources: [
    {
      source: "orders",
      tableName: "orders",
      stream: { state: "on", label: "2026-01-01T00:00:00.000", arn: "arn" },
      functions: [
        {
          function: "tables",
          state: "working",
          lagMs: 800,
          lastBatchAtMs: NOW - 3_000,
          changes: 9,
        },
        { function: "cache", state: "stopped", waitingSinceMs: NOW - 600_000, changes: 0 },
      ],
      views: [
        {
          ...{ view: "open-orders", sink: "dynamodb", function: "tables" },
          ...{ applied: 12_345, stale: 1, skipped: 0, unchanged: 0, quarantined: 2, fenced: 1 },
          lastAppliedAtMs: NOW - 3_000,
          backfill: {
            ...{ state: "running", items: 500, ofItems: 2_000 },
            ...{ startedAtMs: NOW - 60_000, updatedAtMs: NOW - 1_000 },
          },
        },
        {
          ...{ view: "hot", sink: "redis", function: "cache" },
          ...{ applied: 0, stale: 0, skipped: 0, unchanged: 0, quarantined: 0, fenced: 0 },
        },
      ],
      problems: [
        {
          kind: "quarantine",
          message: "open-orders: 2 changes",
          remedy: "npx millrace quarantine",
        },
      ],
    },
  ],
};

test("a status is calm and aligned, a block a source, and says last what needs a person", () => {
  expect(formatStatus(report, { colors: pc.createColors(false) })).toBe(`2026-01-05 10:02:31 UTC

orders  stream 2026-01-01T00:00:00.000
  tables  lag 0.8 s, 3 s ago
  cache   stopped? newer changes are in the stream, since 09:52:31
  view         applied  stale  parked  fenced  last applied
  open-orders    12345      1       2       1  3 s ago
  hot                0      0       0       0  -
  backfill of open-orders: 500 of about 2000 items since 10:01:31, 1 s ago

! open-orders: 2 changes
  npx millrace quarantine`);
});

test("a status where nothing needs a person says so, and has colours on a terminal alone", () => {
  const calm = { ...report, ok: true, sources: [] };
  expect(formatStatus(calm, { colors: pc.createColors(false) })).toMatch(
    /\n\nnothing needs a person$/,
  );
  expect(formatStatus(calm, { colors: pc.createColors(true) })).toContain("\u001B[32mnothing");
});
