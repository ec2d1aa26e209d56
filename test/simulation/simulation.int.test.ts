import { describe, expect, test } from "@jest/globals";

import { describeFailure, explain } from "./explain.js";
import { planOf } from "./make-plan.js";
import { FAULT_KINDS } from "./plan.js";
import { CAREFUL_PLANTS, PLANTED_BUGS } from "./planted-bugs.js";
import type { Plants } from "./plants.js";
import { simulate } from "./simulate.js";
import { seedsAbout } from "./themes.js";

/** As many seeds as `npm test` has seconds for; `npm run simulate` runs more. */
const SEEDS = Array.from({ length: 200 }, (_, n) => n + 1);
/** Within so many histories of its theme a mistake must show. */
const SEEDS_FOR_A_BUG = 100;

/** The first seed at which a run differs. */
async function firstFailing(
  seeds: readonly number[],
  plants: Plants = {},
): Promise<number | undefined> {
  for (const seed of seeds) {
    const { differences } = await simulate(planOf(seed), plants);
    if (differences.length > 0) return seed;
  }
  return undefined;
}

describe("the simulation", () => {
  test("A1, A2, A4, G3, G6, G7, G26: whatever goes wrong on the way, every view ends as recomputed", async () => {
    const met = new Set<string>();
    for (const seed of SEEDS) {
      const { differences, faults } = await simulate(planOf(seed));
      if (differences.length > 0) throw new Error(describeFailure(await explain(planOf(seed))));
      for (const kind of faults.keys()) met.add(kind);
    }
    expect([...met].sort()).toEqual([...FAULT_KINDS].sort());
  });

  test("G72, N24: what is made wrong in the middle is put right by repairs that die anywhere, and nothing else is touched", async () => {
    for (const theme of ["repair", "groups and their repair", "repair beside poison"] as const)
      for (const seed of seedsAbout(theme, 12)) {
        const { differences, faults } = await simulate(planOf(seed));
        if (differences.length > 0) throw new Error(describeFailure(await explain(planOf(seed))));
        expect(faults.get("corruption")).toBeGreaterThan(0);
      }
  });

  test("is decided by its seed alone", async () => {
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const lines: string[] = [];
        for (const seed of [3, 7, 13]) await simulate(planOf(seed), {}, (line) => lines.push(line));
        return lines;
      }),
    );
    expect(runs[0]!.length).toBeGreaterThan(50);
    expect(runs[1]).toEqual(runs[0]);
    expect(planOf(4)).not.toEqual(planOf(5));
  });

  test("finds nothing wrong with parts that are written otherwise, and right", async () => {
    expect(await firstFailing(SEEDS.slice(0, 40), CAREFUL_PLANTS)).toBeUndefined();
  });

  test.each(Object.entries(PLANTED_BUGS))(
    "G26: notices a planted bug: %s",
    async (_bug, { theme, plants }) => {
      expect(await firstFailing(seedsAbout(theme, SEEDS_FOR_A_BUG), plants)).toBeDefined();
    },
  );

  test("tells a failing seed by a shortened history and the command that runs it again", async () => {
    const { plants, theme } =
      PLANTED_BUGS["only the ends of an item's changes in a batch looked at"]!;
    const seed = (await firstFailing(seedsAbout(theme, SEEDS_FOR_A_BUG), plants))!;
    const explanation = await explain(planOf(seed), plants);
    expect(explanation.plan.writes.length).toBeLessThan(planOf(seed).writes.length);
    expect(explanation.plan.writes.length).toBeLessThanOrEqual(8);
    expect(explanation.plan.faults.length).toBeLessThanOrEqual(3);
    const told = describeFailure(explanation);
    expect(told).toContain(`npm run simulate -- --seeds 1 --from ${seed}`);
    expect(told).toMatch(/write [a-h] /);
    expect(told).toMatch(/view ".*", row .*: is .*, should be /);
  });
});
