import { expect, test } from "@jest/globals";
import pc from "picocolors";

import { formatPlan } from "../../../src/cli/plan/format-plan.js";
import { costOf } from "../../../src/plan/cost.js";
import { PRICES } from "../../../src/plan/prices.js";
import { ratesOf } from "../../../src/plan/rates.js";
import { byCustomer, cards } from "../../pipeline/pipeline-under-test.js";

const colors = pc.createColors(false);
const views = [byCustomer, cards];
const plan = {
  ok: false,
  changes: [
    { kind: "create", subject: "a", message: 'table "a" with the key id (S)', remedy: "deploy" },
    { kind: "create", subject: "b", message: 'table "b" with the key id (S)', remedy: "deploy" },
  ],
  costs: [costOf("orders", views, ratesOf(views, [], { changesPerSecond: 100 }, 0), PRICES)],
  prices: PRICES,
  assumptions: ["a write unit is a started KB, twice in a transaction"],
} as const;

test("a plan is aligned, names each remedy once, and says by which rates it reckons", () => {
  expect(formatPlan(plan, { colors })).toBe(`create    table "a" with the key id (S)
create    table "b" with the key id (S)
          deploy

Cost of a million changes

orders  assumed: 100 changes/s, 6.25 a batch, items of 512 bytes
  view         write units  read units  requests      redis  dollars
  by-customer    1,000,000           0   160,000          0     0.63
  cards                  0           0         0  1,000,000     0.00
  function  invocations   GB s  bookkeeping units  dollars
  cache         160,000  1,640            320,000     0.17
  tables        160,000  2,837            320,000     0.19
  together $0.99, and $259.83 a month at this rate

Assumed
  a write unit is a started KB, twice in a transaction
  dollars: 0.625 a million write units, 0.125 read units, 0.2 invocations; 0.0000133334 a GB s`);
});

test("a plan fits a terminal of 80 columns", () => {
  const lines = formatPlan(plan, { colors, columns: 80 }).split("\n");
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});
