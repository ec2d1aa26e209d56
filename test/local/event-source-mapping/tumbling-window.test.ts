import { describe, expect, test } from "@jest/globals";

import {
  isAfter,
  isOversized,
  openWindow,
  readWindowResponse,
  windowBounds,
  windowFields,
} from "../../../src/local/event-source-mapping/tumbling-window.js";
import { readCases } from "./cases.js";
import { records, runDelivery, STARTS_AT_MS } from "./run-delivery.js";

const AT = STARTS_AT_MS / 1000;

interface WindowCase {
  readonly name: string;
  readonly keys?: readonly string[];
  readonly stateAtWindowStart?: object;
}

describe("G18: a tumbling window", () => {
  test("begins at a multiple of its length since the epoch, and ends before the next", () => {
    const window = openWindow(Date.UTC(2026, 8, 17, 14, 11, 17) / 1000, 10);
    expect(windowBounds(window)).toEqual({
      start: "2026-09-17T14:11:10Z",
      end: "2026-09-17T14:11:20Z",
    });
    expect(isAfter(window, window.endMs / 1000 - 1)).toBe(false);
    expect(isAfter(window, window.endMs / 1000)).toBe(true);
  });

  test.each(readCases<WindowCase>("tumbling-window-cases").filter(({ keys }) => keys))(
    "$name",
    async ({ keys, stateAtWindowStart }) => {
      const window = openWindow(AT, 10);
      const ran = await runDelivery({}, records("1"), () => ({ state: {} }), window);
      expect(Object.keys(ran.calls[0] ?? {})).toEqual(keys);
      expect(ran.calls[0]).toMatchObject({
        state: stateAtWindowStart,
        isFinalInvokeForWindow: false,
        isWindowTerminatedEarly: false,
      });
    },
  );

  test("hands the state from call to call, also through halves and suffixes", async () => {
    const seen: unknown[] = [];
    let calls = 0;
    const settings = { bisectBatchOnFunctionError: true, reportBatchItemFailures: true };
    const window = openWindow(AT, 10);
    const ran = await runDelivery(
      settings,
      records("1", "2", "3", "4"),
      (given, { state }) => {
        seen.push([given.join(""), state]);
        if (++calls === 1) throw new Error("once");
        const sum = Number(state?.["sum"] ?? 0);
        if (given.join("") !== "34") return { state: { sum: sum + given.length } };
        return { state: { sum: sum + 1 }, batchItemFailures: [{ itemIdentifier: "4" }] };
      },
      window,
    );
    expect(seen).toEqual([
      ["1234", {}],
      ["12", {}],
      ["34", { sum: 2 }],
      ["4", { sum: 3 }],
    ]);
    expect(ran.result).toEqual({ finished: true, window: { ...window, state: { sum: 4 } } });
  });

  test("whose call answers without a state has failed", () => {
    const read = (response: unknown, isFinal = false) =>
      readWindowResponse(response, ["1", "2"], true, isFinal).outcome.type;
    expect([undefined, {}, { state: null }, { state: [] }, "x"].map((each) => read(each))).toEqual(
      Array.from({ length: 5 }, () => "failure"),
    );
    expect([read({ state: {} }), read({}, true), read(undefined, true)]).toEqual(
      Array.from({ length: 3 }, () => "success"),
    );
  });

  test("ends early, at once, when its state is above 1 MB, and begins anew", async () => {
    const big = { text: "x".repeat(1_048_577) };
    expect(isOversized(big)).toBe(true);
    expect(isOversized({ text: "x".repeat(1_000_000) })).toBe(false);
    const window = openWindow(AT, 10);
    const ran = await runDelivery({}, records("1"), () => ({ state: big }), window);
    expect(ran.calls).toHaveLength(2);
    expect(ran.calls[1]).toEqual({
      Records: [],
      ...windowFields(
        { window: { ...window, state: big }, isFinal: true, isTerminatedEarly: true },
        "shard",
        ran.calls[0]!.eventSourceARN!,
      ),
    });
    expect(ran.discarded).toEqual([]);
    expect(ran.result.window?.state).toEqual({});
  });
});
