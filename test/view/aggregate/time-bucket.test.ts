import { describe, expect, test } from "@jest/globals";

import { bucket } from "../../../src/view/aggregate/time-bucket.js";

describe("a time bucket", () => {
  test.each([
    ["minute", "2026-01-31T14:05:09Z", "2026-01-31T14:05Z"],
    ["hour", "2026-01-31T14:05:09.123Z", "2026-01-31T14Z"],
    ["day", "2026-01-31T23:59:59Z", "2026-01-31"],
    ["hour", "2026-01-31T23:30:00-02:00", "2026-02-01T01Z"],
    ["day", 0, "1970-01-01"],
    ["minute", 1_769_868_309_000, "2026-01-31T14:05Z"],
    ["hour", "2001-01-10T08:05", "2001-01-10T08"],
    ["minute", "2001-01-10T08:05:59.9", "2001-01-10T08:05"],
    ["day", "2001-01-10T08:05", "2001-01-10"],
  ] as const)("of a %s: %s is in %s", (unit, time, label) => {
    expect(bucket(unit, time)).toBe(label);
  });

  test.each([
    ["day", "2026-01-31T23:30:00Z", "Europe/Zurich", "2026-02-01"],
    ["hour", "2026-01-31T23:30:00Z", "Europe/Zurich", "2026-02-01T00+01:00"],
    ["hour", "2026-07-31T23:30:00Z", "America/New_York", "2026-07-31T19-04:00"],
    ["minute", "2026-01-31T23:30:00Z", "Asia/Kolkata", "2026-02-01T05:00+05:30"],
    ["hour", "2026-01-31T23:30:00Z", "UTC", "2026-01-31T23+00:00"],
  ] as const)("of a %s: %s in %s's own time is in %s", (unit, time, timeZone, label) => {
    // The third and fourth columns are zone and label.
    expect(bucket(unit, time, { timeZone })).toBe(label);
  });

  test("keeps the two hours of a clock set back apart, and joins both in one day", () => {
    const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"];
    const at = (unit: "hour" | "day", time: string) =>
      bucket(unit, time, { timeZone: "Europe/Zurich" });
    expect([at("hour", first), at("hour", second)]).toEqual([
      "2026-10-25T02+02:00",
      "2026-10-25T02+01:00",
    ]);
    expect(at("day", first)).toBe(at("day", second));
  });

  test.each([
    ["", "invalid-row", "is no time"],
    ["2026-13-01T00:00:00Z", "invalid-row", "is no time"],
    ["2026-02-30T25:00", "invalid-row", "is no time"],
    ["yesterday", "invalid-row", "is no time"],
    [NaN, "invalid-row", "is no time"],
    [1e18, "invalid-row", "is no time"],
    [undefined as unknown as string, "invalid-row", "is no time"],
  ])("G25: %j is no time, and is told by name", (time, code, message) => {
    expect(() => bucket("hour", time)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test("tells a local time in a zone, an unknown zone and an unknown unit", () => {
    expect(() => bucket("hour", "2026-01-31T14:05", { timeZone: "UTC" })).toThrow("has no offset");
    expect(() => bucket("hour", 0, { timeZone: "Mars/Base" })).toThrow(
      '"Mars/Base" is no time zone',
    );
    expect(() => bucket("week" as "day", 0)).toThrow('"week" is not one of');
  });
});
