import { expect, test } from "@jest/globals";

import {
  clipped,
  formatEntry,
  formatGroups,
} from "../../../src/cli/quarantine/format-quarantine.js";
import { entryOf } from "../../state/quarantine-contract.js";
import { streamRecord } from "../../support/records.js";

test("lists groups in columns, each with an example that is no wider than asked", () => {
  const text = formatGroups(
    [
      {
        ...{ view: "v", error: "view-failed", items: 2, changes: 12 },
        ...{ firstAtMs: 0, lastAtMs: 60_000 },
        example: { key: '["o-1"]', message: `no airport${".".repeat(200)}` },
      },
    ],
    80,
  );
  const [header, row, example] = text.split("\n");
  expect(header).toBe("view  error        items  changes  first             last");
  expect(row).toBe("v     view-failed      2       12  1970-01-01 00:00  1970-01-01 00:01");
  expect(example).toContain('["o-1"]  no airport...');
  expect(clipped("x".repeat(90), 80)).toHaveLength(80);
});

test("shows an entry whole: error, stack and every record, also one that cannot be decoded", () => {
  const modify = streamRecord({ old: { id: "1", total: 1 }, new: { id: "1", total: 2 } });
  const broken = { eventName: "UPSERT", dynamodb: { Keys: { id: { X: "?" } } } } as never;
  const text = formatEntry(entryOf({ view: "v", records: [modify, broken] }));
  for (const part of [
    "no such airport",
    "Error: no such airport",
    "MODIFY",
    "total: 1",
    "total: 2",
    "UPSERT",
    "X: '?'",
  ])
    // prettier-ignore
    expect(text).toContain(part);
  expect(formatEntry(entryOf({ records: [] }))).toContain("no records");
});
