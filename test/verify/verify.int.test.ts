import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { comparandOf } from "../../src/verify/comparand.js";
import type { Verification } from "../../src/verify/finding.js";
import { observeAll } from "../../src/verify/observe.js";
import type { VerifyPorts } from "../../src/verify/ports.js";
import { repairRow } from "../../src/verify/repair-rows.js";
import { plant, scan } from "./corruptions.js";
import { openScene, type Order, order } from "./scene.js";

const opened = {} as { scene: Awaited<ReturnType<typeof openScene>> };
const ITEMS = 150;
const LIVE_RUNS = 3;
const MOST_QUEUED = 80;
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
    const groupRows = async () => {
      const found = [views.totals.table, views.stats.table].map((table) => scan(client, table));
      return (await Promise.all(found)).flat().map(({ _millrace, ...row }) => row);
    };
    const before = await groupRows();
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
    expect(await groupRows()).toEqual(before);
    expect(told(await opened.scene.verify())).toEqual([]);
  });

  test("G57: tells nothing of a system that is right while it is written to", async () => {
    const { writer } = opened.scene;
    let isOver = false;
    const writing = (async () => {
      for (let n = 0; !isOver; n = (n + 7) % ITEMS) {
        if (n % 5 === 0) await writer.delete(order(n).id);
        else await writer.put(order(n, Math.floor(Math.random() * 5)));
        // As fast as the pipeline keeps up with, and no faster: a lag that grows without end is no live system.
        do await opened.scene.rest();
        while (writer.queue.length > MOST_QUEUED);
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

  test("N24: what the stream wrote after a row was seen is left as it is by its repair", async () => {
    const { client, ports, views, writer, caughtUp } = opened.scene;
    const [suspicious, later] = [order(0), { ...order(0), total: 4_242 }];
    await writer.put(suspicious);
    await caughtUp();
    const key = JSON.stringify([suspicious.customer, suspicious.id]);
    const comparand = comparandOf(ports, views.byCustomer);
    const suspect = {
      comparand,
      key,
      owners: [JSON.stringify([suspicious.id])],
      isOwnerKnown: true,
    };
    await spoil(client, views.byCustomer.table, suspicious);
    const [observation] = await observeAll(ports, [suspect]);
    expect(observation?.wrong?.kind).toBe("different");
    // Between the last look and the correction, the newer row arrives.
    let isFirst = true;
    const overtaken: VerifyPorts = {
      ...ports,
      tables: {
        ...ports.tables,
        correct: async (mutations) => {
          if (isFirst) {
            isFirst = false;
            await writer.put(later);
            await caughtUp();
          }
          return ports.tables.correct(mutations);
        },
      },
    };
    const accused = {
      observation: {
        ...observation!,
        suspect: { ...suspect, comparand: comparandOf(overtaken, views.byCustomer) },
      },
      kind: "different" as const,
      reason: "",
    };
    await repairRow(overtaken, accused);
    expect((await ports.tables.get(views.byCustomer, key))?.value).toEqual(later);
    // What was accused at a version that is no more is not touched at all.
    expect(await repairRow(ports, { ...accused, observation: observation! })).toEqual({
      outcome: "repaired",
    });
  });

  test("N25: what waits behind a fence is told as quarantined, and not repaired", async () => {
    const { client, quarantine, views } = opened.scene;
    const parked = order(1);
    await opened.scene.writer.put(parked);
    await opened.scene.caughtUp();
    await quarantine.park({
      view: views.byCustomer.name,
      source: views.orders.table,
      itemKey: JSON.stringify([parked.id]),
      position: "1",
      records: [],
      error: { code: "view-failed", message: "planted" },
      parkedAtMs: Date.now(),
    });
    await spoil(client, views.byCustomer.table, parked);
    const result = await opened.scene.verify({ views: [views.byCustomer], repair: true });
    expect(result.ok).toBe(false);
    expect(result.findings.map(({ kind }) => kind)).toEqual(["quarantined"]);
    expect(result.repaired).toEqual([]);
  });
});

/** Writes a wrong total into a row, as somebody with a console would. */
async function spoil(client: DynamoDBClient, TableName: string, { customer, id }: Order) {
  await client.send(
    new UpdateItemCommand({
      TableName,
      Key: { customer: { S: customer }, id: { S: id } },
      UpdateExpression: "SET #a = :a",
      ExpressionAttributeNames: { "#a": "total" },
      ExpressionAttributeValues: { ":a": { N: "-1" } },
    }),
  );
}
