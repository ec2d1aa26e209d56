import { describe, expect, test } from "@jest/globals";

import { decodeRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import { formLanes } from "../../src/pipeline/lanes.js";
import { createTally } from "../../src/pipeline/tally.js";
import { deriveWork } from "../../src/pipeline/work.js";
import { AT, sequenceNumber, streamRecord } from "../support/records.js";
import { byCustomer, totals } from "./pipeline-under-test.js";

const error = new MillraceError("unavailable", "throttled");

function workAt(seconds: number, view = totals, n = 1) {
  const record = streamRecord({
    new: { id: "1", customer: "c" },
    at: seconds,
    sequenceNumber: n,
  });
  const change = decodeRecord(record, () => ["id"]);
  return deriveWork(view, formLanes([{ record, change }])[0]!);
}

describe("a tally", () => {
  test("of a batch in which nothing happened is empty", () => {
    expect(createTally(7).report(0)).toEqual({
      records: 7,
      unresolved: [],
      views: [],
      problems: [],
    });
  });

  test("counts each view's mutations by what became of them", () => {
    const tally = createTally(3);
    tally.results(workAt(AT), [
      { outcome: "applied" },
      { outcome: "stale" },
      { outcome: "applied" },
    ]);
    tally.results(workAt(AT), [{ outcome: "failed", error }]);
    tally.results(workAt(AT, byCustomer), [{ outcome: "stale" }]);
    tally.derived("totals", 3, 2);
    const none = {
      applied: 0,
      stale: 0,
      skipped: 0,
      unchanged: 0,
      quarantined: 0,
      unresolved: 0,
      lagMs: 0,
    };
    expect(tally.report(AT * 1000).views).toEqual([
      { ...none, view: "totals", applied: 2, stale: 1, unchanged: 1 },
      { ...none, view: "by-customer", stale: 1 },
    ]);
  });

  test("measures lag from the newest change that was put to the sink, and never below nothing", () => {
    const tally = createTally(2);
    tally.results(workAt(AT + 4), [{ outcome: "applied" }]);
    tally.results(workAt(AT + 1), [{ outcome: "applied" }]);
    const lag = (nowMs: number) => tally.report(nowMs).views[0]?.lagMs;
    expect(lag((AT + 4) * 1000 + 250)).toBe(250);
    expect(lag((AT + 3) * 1000)).toBe(0);
    const idle = createTally(0);
    idle.derived("totals", 1, 0);
    expect(idle.report(AT * 1000).views[0]?.lagMs).toBe(0);
  });

  test("names each place to resume at once, however many views failed there", () => {
    const tally = createTally(2);
    for (const view of [totals, byCustomer]) tally.unresolved(workAt(AT, view, 5), error);
    tally.unresolved(workAt(AT, totals, 6), error);
    const report = tally.report(0);
    expect(report.unresolved).toEqual([sequenceNumber(5), sequenceNumber(6)]);
    expect(report.views.map(({ unresolved }) => unresolved)).toEqual([2, 1]);
    expect(report.problems).toHaveLength(3);
    expect(report.problems[1]).toEqual({ kind: "unresolved", view: "by-customer", itemKey: '["1"]', sequenceNumber: sequenceNumber(5), error }); // prettier-ignore
  });

  test("tells the breaker how many changes each view was asked and how many were poison", () => {
    const tally = createTally(3);
    tally.derived("totals", 2, 2);
    tally.derived("totals", 1, 0);
    tally.poison("totals");
    expect(tally.byView()).toMatchObject([{ view: "totals", changes: 3, poison: 1 }]);
  });
});
