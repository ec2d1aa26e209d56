import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { MillraceError } from "../../src/errors.js";
import { applyWithRetry, DEFAULT_RETRY } from "../../src/pipeline/apply-with-retry.js";
import { deadlineIn } from "../../src/pipeline/clock.js";
import type { ApplyResult } from "../../src/sink/sink.js";
import { fakeClock, RETRY } from "./pipeline-under-test.js";

const APPLIED: ApplyResult = { outcome: "applied" };

function failed(code: "unavailable" | "refused" | "collision"): ApplyResult {
  return { outcome: "failed", error: new MillraceError(code, code) };
}

/** Applies letters by a script of answers, one string a round; `.` applied, `t` throttled, `r` refused, `c` collision. */
async function run(
  rounds: readonly string[],
  { remainingMs = 60_000, chance = 0.5 }: { remainingMs?: number; chance?: number } = {},
) {
  const clock = fakeClock();
  clock.chance = chance;
  const asked: string[] = [];
  const answers = { ".": APPLIED, t: failed("unavailable"), r: failed("refused") };
  const results = await applyWithRetry(
    [..."abcdefgh"].slice(0, rounds[0]!.length),
    async (mutations) => {
      const script = rounds[asked.length] ?? ".".repeat(mutations.length);
      asked.push(mutations.join(""));
      return [...script].map((sign) => answers[sign as "." | "t"] ?? failed("collision"));
    },
    { clock, deadline: deadlineIn(clock, remainingMs), policy: RETRY },
  );
  const said = results.map((result) =>
    result.outcome === "failed" ? result.error.code : result.outcome,
  );
  return { asked, said, slept: clock.slept };
}

describe("retrying", () => {
  test("asks for nothing where there is nothing to apply", async () => {
    expect(await run([""])).toEqual({ asked: [], said: [], slept: [] });
  });

  test("G8: what failed retriably is tried again, alone, until it is applied", async () => {
    const { asked, said } = await run(["t.t.", "t.", "."]);
    expect(asked).toEqual(["abcd", "ac", "a"]);
    expect(said).toEqual(["applied", "applied", "applied", "applied"]);
  });

  test("what was refused for good is not tried again", async () => {
    const { asked, said } = await run(["r."]);
    expect(asked).toEqual(["ab"]);
    expect(said).toEqual(["refused", "applied"]);
  });

  test("keeps each answer at the place of its mutation", async () => {
    const { said } = await run(["tr.t", ".r"]);
    expect(said).toEqual(["applied", "refused", "applied", "refused"]);
  });

  test("a collision is tried once more: the row's owner may be leaving it in the same batch", async () => {
    expect(await run(["c.", "."])).toMatchObject({
      asked: ["ab", "a"],
      said: ["applied", "applied"],
    });
    expect(await run(["c.", "c"])).toMatchObject({
      asked: ["ab", "a"],
      said: ["collision", "applied"],
    });
  });

  test("a collision is tried as long as its owner's leaving may still be throttled", async () => {
    const { asked, said } = await run(["ct", "tc", ".c", "."]);
    expect(asked).toEqual(["ab", "ba", "ba", "a"]);
    expect(said).toEqual(["applied", "applied"]);
  });
});

describe("pauses", () => {
  test("G8: have full jitter: anything from nothing to a bound that doubles up to its maximum", async () => {
    const rounds = ["t", "t", "t", "t", "t", "t", "."];
    expect((await run(rounds, { chance: 0 })).slept).toEqual([0, 0, 0, 0, 0, 0]);
    expect((await run(rounds, { chance: 0.5 })).slept).toEqual([50, 100, 200, 400, 500, 500]);
    const most = (await run(rounds, { chance: 1 - Number.EPSILON })).slept;
    expect(most.map(Math.round)).toEqual([100, 200, 400, 800, 1000, 1000]);
  });

  test("G8: never reach into the time kept for the end of the invocation", async () => {
    const policies = fc.record({
      remainingMs: fc.integer({ min: 0, max: 5_000 }),
      chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(policies, async ({ remainingMs, chance }) => {
        // A pause of nothing, again and again, would never end.
        fc.pre(chance > 0.01);
        const forever = Array.from({ length: 2_000 }, () => "t");
        const { slept, said } = await run(forever, { remainingMs, chance });
        const total = slept.reduce((sum, ms) => sum + ms, 0);
        expect(total).toBeLessThanOrEqual(Math.max(0, remainingMs - RETRY.reserveMs));
        expect(said).toEqual(["unavailable"]);
      }),
    );
  });

  test("every mutation is tried at least once, however late it is", async () => {
    expect(await run(["t."], { remainingMs: 0 })).toEqual({
      asked: ["ab"],
      said: ["unavailable", "applied"],
      slept: [],
    });
  });

  test("by default go from 50 ms to 2 s and leave two seconds", () => {
    expect(DEFAULT_RETRY).toEqual({ baseDelayMs: 50, maxDelayMs: 2_000, reserveMs: 2_000 });
  });
});
