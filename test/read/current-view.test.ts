import { describe, expect, test } from "@jest/globals";

import { cachedLookup, currentView } from "../../src/read/current-view.js";
import { first, second, third } from "../evolve/versions.js";

const versions = [third, first, second];

describe("G44: the version that is read", () => {
  test("is the one that was switched to, the oldest where none was", async () => {
    expect(await currentView(versions, async () => 2)).toBe(second);
    expect(await currentView(versions, async () => undefined)).toBe(first);
  });

  test("is the only one given, and nobody is asked", async () => {
    expect(await currentView(second, () => Promise.reject(new Error("asked")))).toBe(second);
  });

  test("N19: is never taken for another: what a reader was not given is told", async () => {
    await expect(currentView([first, second], async () => 3)).rejects.toThrow(
      'version 3 of view "open-orders" is the one that is read, but the reader has only 1, 2',
    );
    await expect(currentView(versions, undefined)).rejects.toThrow("currentVersion");
    await expect(currentView([], async () => 1)).rejects.toThrow("empty list");
  });
});

describe("a lookup that is cached", () => {
  test("asks again after a few seconds, and lets the last answer stand while there is none", async () => {
    let nowMs = 0;
    const answers = [async () => 1, () => Promise.reject(new Error("down")), async () => 2];
    let asked = 0;
    const lookup = cachedLookup(() => answers[asked++]!(), { nowMs: () => nowMs, ttlMs: 100 });
    const seen = [await lookup("a"), await lookup("a")];
    nowMs = 100;
    seen.push(await lookup("a"));
    nowMs = 200;
    seen.push(await lookup("a"));
    expect([seen, asked]).toEqual([[1, 1, 1, 2], 3]);
  });

  test("remembers no failure where it never had an answer", async () => {
    let isOut = true;
    const lookup = cachedLookup(
      () => (isOut ? Promise.reject(new Error("down")) : Promise.resolve(2)),
      {
        ...{ nowMs: () => 0, ttlMs: 100 },
      },
    );
    await expect(lookup("a")).rejects.toThrow("down");
    isOut = false;
    expect(await lookup("a")).toBe(2);
  });
});
