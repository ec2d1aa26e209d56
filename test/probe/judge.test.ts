import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { Content } from "../../src/probe/content.js";
import type { Expectation } from "../../src/probe/expectation.js";
import { agrees, judge, type Suspicion } from "../../src/probe/judge.js";
import { version } from "../sink/contract/subject.js";

const LAG_MS = 1_000;

/** What an item becomes, one after the other; nothing is its deletion. Few values, so that it often becomes what it was. */
const history = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 1_500 }),
    value: fc.constantFrom(undefined, "a", "b"),
    lagMs: fc.integer({ min: 0, max: LAG_MS }),
  }),
  { maxLength: 30 },
);
const looks = fc.array(
  fc.record({
    afterMs: fc.integer({ min: 0, max: 1_200 }),
    readMs: fc.integer({ min: 0, max: 300 }),
  }),
  { minLength: 2, maxLength: 40 },
);

interface State {
  readonly atMs: number;
  readonly value: string | undefined;
  readonly n: number;
}

function at(states: readonly State[], ms: number): State {
  return states.findLast(({ atMs }) => atMs <= ms) ?? { atMs: 0, value: undefined, n: 0 };
}

/** The states of the source, and those of a cache that follows in order and never lags by more than {@link LAG_MS}. */
function follow(changes: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  let nowMs = 0;
  const source = changes.map(({ afterMs, value }, i) => ({
    atMs: (nowMs += afterMs),
    value,
    n: i + 1,
  }));
  let appliedMs = 0;
  const cache = source.map((state, i) => {
    appliedMs = Math.max(appliedMs, state.atMs + changes[i]!.lagMs);
    return { ...state, atMs: appliedMs };
  });
  return { source, cache };
}

function expected({ value }: State): Expectation {
  return value === undefined ? {} : { value: { value } };
}

function found({ value, n }: State): Content {
  const stamp = n > 0 && { version: version(n) };
  return value === undefined
    ? { state: "absent", ...stamp }
    : { state: "present", value: { value }, ...stamp };
}

/** Judges look after look, and answers with all suspicions met. */
function watch(
  source: readonly State[],
  cache: readonly State[],
  plan: typeof looks extends fc.Arbitrary<infer T> ? T : never,
): Suspicion[] {
  const met: Suspicion[] = [];
  let suspicion: Suspicion | undefined;
  let nowMs = 0;
  for (const { afterMs, readMs } of plan) {
    const sourceAtMs = (nowMs += afterMs);
    nowMs += readMs;
    suspicion = judge(suspicion, {
      sourceAtMs,
      expected: expected(at(source, sourceAtMs)),
      found: found(at(cache, nowMs)),
    });
    if (suspicion) met.push(suspicion);
  }
  return met;
}

describe("a probe's judgement", () => {
  test("N20: a cache that follows within a time is never said to have been wrong for longer, also of an item that goes to and fro", () => {
    fc.assert(
      fc.property(history, looks, (changes, plan) => {
        const { source, cache } = follow(changes);
        for (const { lastedMs } of watch(source, cache, plan))
          expect(lastedMs).toBeLessThanOrEqual(LAG_MS);
      }),
      { numRuns: 600 },
    );
  });

  test("N20: nor of one that goes to and fro in step with the looks", () => {
    const states = Array.from({ length: 40 }, (_, n) => ({
      atMs: n * 400,
      value: n % 2 === 0 ? "a" : "b",
      n,
    }));
    const cache = states.map((state) => ({ ...state, atMs: state.atMs + 300 }));
    const inStep = Array.from({ length: 10 }, () => ({ afterMs: 790, readMs: 10 }));
    const met = watch(states, cache, [{ afterMs: 10, readMs: 10 }, ...inStep]);
    expect(met.length).toBeGreaterThan(5);
    for (const { lastedMs } of met) expect(lastedMs).toBe(0);
  });

  test("G46: a cache that stays behind is found to be wrong from the second look on, for as long as it is looked at", () => {
    fc.assert(
      fc.property(history, fc.constantFrom("c", undefined), looks, (changes, last, plan) => {
        const { source, cache } = follow(changes);
        const stuckAt = at(cache, Infinity);
        fc.pre(stuckAt.value !== last);
        const lastAtMs = Math.max(0, ...[...source, ...cache].map(({ atMs }) => atMs)) + 1;
        const stuck = [...source, { atMs: lastAtMs, value: last, n: changes.length + 1 }];
        const later = plan.map((each, i) => (i === 0 ? { ...each, afterMs: lastAtMs + each.afterMs } : each)); // prettier-ignore
        const end = watch(stuck, cache, later).at(-1);
        const [, second, ...rest] = plan;
        const lookedMs = rest.reduce((sum, { afterMs }) => sum + afterMs, 0);
        const readMs = [second!, ...rest].slice(0, -1).reduce((sum, each) => sum + each.readMs, 0);
        expect(end?.lastedMs).toBe(lookedMs + (rest.length > 0 ? readMs : 0));
      }),
      { numRuns: 200 },
    );
  });

  test("what Millrace did not write is wrong whatever it says, and its clock runs on while nobody puts it right", () => {
    const plain: Content = { state: "foreign", value: { value: "a" } };
    const wanted = { value: { value: "a" } };
    let suspicion = judge(undefined, { sourceAtMs: 0, expected: wanted, found: plain });
    suspicion = judge(suspicion, { sourceAtMs: 200, expected: wanted, found: plain });
    suspicion = judge(suspicion, {
      sourceAtMs: 9_000,
      expected: wanted,
      found: { ...plain, value: 3 },
    });
    expect(suspicion?.lastedMs).toBe(8_800);
  });

  test("an older version that comes back does not stop the clock", () => {
    const wanted = { value: { value: "c" } };
    const holds = (n: number): Content => ({ state: "present", value: { n }, version: version(n) });
    let suspicion = judge(undefined, { sourceAtMs: 0, expected: wanted, found: holds(5) });
    suspicion = judge(suspicion, { sourceAtMs: 100, expected: wanted, found: holds(5) });
    suspicion = judge(suspicion, { sourceAtMs: 300, expected: wanted, found: holds(2) });
    expect(suspicion?.lastedMs).toBe(200);
    suspicion = judge(suspicion, { sourceAtMs: 400, expected: wanted, found: holds(6) });
    expect(suspicion).toMatchObject({ lastedMs: 0 });
    expect(suspicion).not.toHaveProperty("sinceMs");
  });
});

describe("cache and source agree", () => {
  const value = { member: "m", score: 5 };
  const hiding = (hidesUpTo: number): Content => ({ state: "absent", hidesUpTo });

  test("where a member that ranks too low is not shown, and in no other case of its absence", () => {
    expect(agrees({ expected: { value }, found: hiding(6) })).toBe(true);
    expect(agrees({ expected: { value }, found: hiding(5) })).toBe(true);
    expect(agrees({ expected: { value }, found: hiding(4) })).toBe(false);
    expect(agrees({ expected: { value }, found: { state: "absent" } })).toBe(false);
  });

  test("where absence is nothing wrong, and what is there is true", () => {
    const expected = { value, mayBeAbsent: true };
    expect(agrees({ expected, found: { state: "absent" } })).toBe(true);
    expect(agrees({ expected, found: { state: "present", value: { ...value, score: 6 } } })).toBe(
      false,
    );
  });

  test("where what an item left is gone, or another item's by now", () => {
    const gone = { owner: "item-one" };
    const of = (owner: string): Content => ({ state: "present", value, owner });
    expect(agrees({ expected: gone, found: { state: "absent" } })).toBe(true);
    expect(agrees({ expected: gone, found: of("item-two") })).toBe(true);
    expect(agrees({ expected: gone, found: of("item-one") })).toBe(false);
    expect(agrees({ expected: { ...gone, value }, found: of("item-two") })).toBe(false);
    expect(agrees({ expected: {}, found: of("item-one") })).toBe(false);
  });
});
