import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import type { Verification } from "../../src/verify/finding.js";
import { plant } from "./corruptions.js";
import { openScene, order } from "./scene.js";

const opened = {} as { scene: Awaited<ReturnType<typeof openScene>> };
const ITEMS = 150;
const LIVE_RUNS = 10;
const RUN = `v${process.pid}-${Date.now()}`;
beforeAll(async () => {
  opened.scene = await openScene(RUN, 60);
  for (let n = 0; n < ITEMS; n++) await opened.scene.writer.put(order(n));
  await opened.scene.caughtUp();
});
afterAll(() => opened.scene.close());

const told = ({ findings }: Verification) =>
  findings.map(({ view, key, kind, reason }) => `${view} ${key} ${kind}: ${reason}`);

describe("verify", () => {
  test("G57: tells nothing of a system that is right", async () => {
    const result = await opened.scene.verify();
    expect(told(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const rows = Object.fromEntries(result.views.map(({ view, rows }) => [view, rows]));
    expect(rows).toMatchObject({ cards: ITEMS, hashes: 100, ranks: ITEMS, top: 35, newest: 35 });
  });

  test("G58, G59: finds every corruption planted by hand, puts each right, and finds none the next time", async () => {
    const { client, redis, views } = opened.scene;
    const ids = Array.from({ length: ITEMS }, (_, n) => order(n).id);
    const planted = await plant({ client, redis, run: RUN, views, ids });
    expect(planted.length).toBeGreaterThanOrEqual(100);
    const found = await opened.scene.verify();
    const unfound = planted.filter(
      ({ view, key }) =>
        !found.findings.some((each) => each.view === view && each.key.includes(key)),
    );
    expect(unfound).toEqual([]);
    const unplanted = found.findings.filter(
      (each) => !planted.some(({ view, key }) => each.view === view && each.key.includes(key)),
    );
    expect(unplanted.map((each) => `${each.view} ${each.key} ${each.kind} ${each.reason}`)).toEqual(
      [],
    );
    const repaired = await opened.scene.verify({ repair: true });
    expect(told(repaired)).toEqual([]);
    expect(repaired.repaired).toHaveLength(found.findings.length);
    expect(told(await opened.scene.verify())).toEqual([]);
  });

  test("G57: tells nothing of a system that is right while it is written to", async () => {
    const { writer } = opened.scene;
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n = (n + 7) % ITEMS) {
        if (n % 5 === 0) await writer.delete(order(n).id);
        else await writer.put(order(n, Math.floor(Math.random() * 5)));
      }
    })();
    for (let run = 0; run < LIVE_RUNS; run++) {
      const result = await opened.scene.verify();
      expect(told(result)).toEqual([]);
      expect(result.ok).toBe(true);
    }
    isOver = true;
    await writing;
    await opened.scene.caughtUp();
    const result = await opened.scene.verify();
    expect(told(result)).toEqual([]);
    expect(result.views.map(({ busy }) => busy)).toEqual(result.views.map(() => 0));
  });
});
