import { readFileSync } from "node:fs";
import { resolve } from "node:path";

import { describe, expect, test } from "@jest/globals";

import * as pipeline from "../../pipeline.js";
import { alarmResources } from "../../src/deploy/alarms.js";
import { deploymentOf } from "./declared.js";

const page = readFileSync(resolve(import.meta.dirname, "../../docs/deploy.md"), "utf8");

/** Rows of the page's cost tables: what, the arithmetic, and the dollars. */
const rows = [...page.matchAll(/^\| ([^|]+?) +\| ([^|]*?) +\| \**([\d.]+)\** +\|$/gm)].map(
  ([, item = "", arithmetic = "", dollars]) => ({ item, arithmetic, dollars: Number(dollars) }),
);

/** What sums and products of numbers come to; `M` is a million, and what stands before `=` is not counted again. */
function valueOf(arithmetic: string): number {
  const last = arithmetic.split("=").at(-1) ?? "";
  const terms = last.replace("GB", "").split("+");
  return terms
    .map((term) =>
      term.split("×").map((factor) => Number(factor.replace("M", "e6").replaceAll(" ", ""))),
    )
    .reduce((sum, factors) => sum + factors.reduce((product, factor) => product * factor, 1), 0);
}

/** Metrics that the alarms of a template watch, which is what they cost by. */
function watchedMetrics(resources: ReturnType<typeof alarmResources>): number {
  return Object.values(resources)
    .filter(({ Type }) => Type === "AWS::CloudWatch::Alarm")
    .map(({ Properties }) => (Properties["Metrics"] as unknown[] | undefined)?.length ?? 2)
    .reduce((sum, metrics) => sum + metrics - 1, 0);
}

describe("what the page on deploying says of cost", () => {
  const reckoned = rows.filter(({ arithmetic }) => arithmetic !== "");

  test.each(reckoned)("is right: $item", ({ arithmetic, dollars, item }) => {
    const millions = item.startsWith("Traces") ? 1e6 : 1;
    expect(valueOf(arithmetic) / millions).toBeCloseTo(dollars, 1);
  });

  test("adds up, for a pipeline that idles and for one that is busy", () => {
    expect(reckoned.length).toBeGreaterThan(10);
    const totals = rows.flatMap(({ item }, i) => (item.startsWith("**Together") ? [i] : []));
    const starts = [0, rows.findIndex(({ item }) => item.startsWith("A write unit"))];
    totals.forEach((end, i) => {
      const sum = rows.slice(starts[i], end).reduce((total, { dollars }) => total + dollars, 0);
      expect(sum).toBeCloseTo(rows[end]!.dollars, 1);
    });
    expect(totals).toHaveLength(2);
  });

  test("counts the alarms that the example has", () => {
    const counted = (settings = {}) =>
      watchedMetrics(alarmResources(deploymentOf(settings, { ...pipeline })));
    expect(page).toContain(`${counted()} × 0.10`);
    expect(page).toContain(`${counted({ redisUrl: "redis://cache" })} × 0.10`);
  });
});
