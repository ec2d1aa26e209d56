import { describe, expect, test } from "@jest/globals";

import { decodeRecord, type StreamRecord } from "../../src/change/decode-record.js";
import { isMillraceError, MillraceError } from "../../src/errors.js";
import { deadlineIn } from "../../src/pipeline/clock.js";
import { formLanes } from "../../src/pipeline/lanes.js";
import { insist, type Parking, parkPoison, parkWork } from "../../src/pipeline/park.js";
import { createTally } from "../../src/pipeline/tally.js";
import { deriveWork } from "../../src/pipeline/work.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
import { AT, LABEL, sequenceNumber, streamRecord } from "../support/records.js";
import { fakeClock, RETRY, throttled, totals } from "./pipeline-under-test.js";

const error = new MillraceError("view-failed", "no such airport", { cause: new TypeError("x.y") });

function parkingOf(quarantine: Quarantine, remainingMs = 10_000) {
  const clock = fakeClock();
  const parking: Parking = {
    quarantine,
    clock,
    deadline: deadlineIn(clock, remainingMs),
    retry: RETRY,
    declaredName: (table) => (table.startsWith("dev-") ? table.slice(4) : undefined),
  };
  return { parking, clock, tally: createTally(1) };
}

function workOf(...records: readonly StreamRecord[]) {
  const decoded = records.map((record) => ({
    record,
    change: decodeRecord(record, () => ["id"]),
  }));
  return deriveWork(totals, formLanes(decoded)[0]!);
}

async function listed(quarantine: Quarantine): Promise<QuarantineEntry[]> {
  const entries: QuarantineEntry[] = [];
  for await (const entry of quarantine.list()) entries.push(entry);
  return entries;
}

describe("parking a lane's work", () => {
  test("G6: keeps every record of the lane whole, with the view, the item, the error and when", async () => {
    const quarantine = createMemoryQuarantine();
    const { parking, clock, tally } = parkingOf(quarantine);
    await clock.sleep(1_500);
    const records = [
      streamRecord({ new: { id: "1" }, sequenceNumber: 4 }),
      streamRecord({ old: { id: "1" }, new: { id: "1", v: 2 }, sequenceNumber: 5 }),
    ];
    const work = workOf(...records);
    expect(await parkWork(parking, tally, "orders", work, error)).toBe("parked");
    expect(await listed(quarantine)).toEqual([
      {
        view: "totals",
        source: "orders",
        itemKey: '["1"]',
        position: work.lane.change.version,
        records,
        error: {
          code: "view-failed",
          message: "no such airport",
          stack: expect.stringContaining("TypeError: x.y") as unknown as string,
        },
        parkedAtMs: AT * 1000 + 1_500,
      },
    ]);
    expect(tally.report(0).problems).toEqual([
      { kind: "quarantined", view: "totals", itemKey: '["1"]', sequenceNumber: sequenceNumber(4), error }, // prettier-ignore
    ]);
  });

  test("G7: joins only while the fence stands, and counts nothing where it is gone", async () => {
    const quarantine = createMemoryQuarantine();
    const { parking, tally } = parkingOf(quarantine);
    const work = workOf(streamRecord({ new: { id: "1" } }));
    expect(await parkWork(parking, tally, "orders", work, error, true)).toBe("fence-gone");
    expect(tally.report(0).problems).toEqual([]);
    await parkWork(parking, tally, "orders", work, error);
    const later = workOf(streamRecord({ new: { id: "1" } }));
    expect(await parkWork(parking, tally, "orders", later, error, true)).toBe("parked");
    expect(await listed(quarantine)).toHaveLength(2);
  });
});

describe("parking a record that could not be decoded", () => {
  async function parked(record: StreamRecord): Promise<QuarantineEntry> {
    const quarantine = createMemoryQuarantine();
    const { parking, tally } = parkingOf(quarantine);
    await parkPoison(parking, tally, { record, error });
    const [entry] = await listed(quarantine);
    return entry!;
  }

  test("G6: keeps it verbatim, for all views, under its sequence number and its declared table", async () => {
    const record = { ...streamRecord({ table: "dev-orders", sequenceNumber: 7 }), eventName: "?" };
    expect(await parked(record)).toMatchObject({
      view: "*",
      source: "orders",
      itemKey: sequenceNumber(7),
      position: sequenceNumber(7).padStart(40, "0"),
      records: [record],
    });
  });

  test("names the table as DynamoDB does where it is not declared, and nothing where there is none", async () => {
    expect((await parked(streamRecord({ table: "other" }))).source).toBe("other");
    expect((await parked({ eventSourceARN: `arn:${LABEL}` })).source).toBe("unknown");
    expect((await parked({})).source).toBe("unknown");
  });

  test("finds some place for whatever arrives in place of a record", async () => {
    expect(await parked({ eventID: "e-1" })).toMatchObject({ itemKey: "e-1", position: "e-1" });
    expect(await parked({})).toMatchObject({ itemKey: "unknown", position: "unknown" });
    const odd = { dynamodb: { SequenceNumber: "seven" } };
    expect(await parked(odd)).toMatchObject({ itemKey: "seven", position: "seven" });
  });
});

describe("insisting", () => {
  test("G8: retries what is retriable, with full jitter, until it succeeds", async () => {
    const { parking, clock } = parkingOf(createMemoryQuarantine());
    let calls = 0;
    const answer = await insist(parking, async () => {
      if (++calls < 4) throw throttled();
      return "done";
    });
    expect([answer, calls, clock.slept]).toEqual(["done", 4, [50, 100, 200]]);
  });

  test("N4: fails with what was thrown when it is refused, or no time is left", async () => {
    const { parking, clock } = parkingOf(createMemoryQuarantine(), 1_000);
    const refused = new MillraceError("refused", "no");
    await expect(insist(parking, () => Promise.reject(refused))).rejects.toBe(refused);
    await expect(insist(parking, () => Promise.reject(new Error("bug")))).rejects.toThrow("bug");
    expect(clock.slept).toEqual([]);
    const thrown: unknown = await insist(parking, () => Promise.reject(throttled())).catch(
      (reason: unknown) => reason,
    );
    expect(isMillraceError(thrown) && thrown.code).toBe("unavailable");
    const total = clock.slept.reduce((sum, ms) => sum + ms, 0);
    expect(total).toBeLessThanOrEqual(1_000 - RETRY.reserveMs / 2);
  });
});
