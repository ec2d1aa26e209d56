import { describe, expect, test } from "@jest/globals";

import { stageOf } from "../../src/deploy/stage.js";

describe("a stage", () => {
  test("puts service and stage before every name, so that stages share an account", () => {
    expect(stageOf("shop", "dev").tablePrefix).toBe("shop-dev-");
    expect(stageOf("shop", "prod").tablePrefix).toBe("shop-prod-");
  });

  test("decides what is kept: prod its data, staging its logs for a month, dev little", () => {
    const decided = ["dev", "staging", "prod"].map((name) => stageOf("shop", name));
    expect(decided.map(({ keepsData }) => keepsData)).toEqual([false, false, true]);
    expect(decided.map(({ logRetentionDays }) => logRetentionDays)).toEqual([7, 30, 90]);
    expect(decided.map(({ cacheGb }) => cacheGb)).toEqual([1, 5, 10]);
    expect(decided.map(({ cacheSnapshots }) => cacheSnapshots)).toEqual([0, 0, 7]);
  });

  test("of any other name is as dev", () => {
    const { name, tablePrefix, ...limits } = stageOf("shop", "pull-17");
    expect([name, tablePrefix]).toEqual(["pull-17", "shop-pull-17-"]);
    expect(stageOf("shop", "dev")).toMatchObject(limits);
  });
});
