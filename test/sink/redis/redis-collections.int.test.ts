import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Redis } from "ioredis";

import { createCacheReader } from "../../../src/read/cache-reader.js";
import { type Companion, companionKey } from "../../../src/sink/redis/redis-key.js";
import { createRedisSink } from "../../../src/sink/redis/redis-sink.js";
import { type Sink, TOMBSTONE_TTL_SECONDS } from "../../../src/sink/sink.js";
import { type CacheView, cacheView } from "../../../src/view/cache-view.js";
import { parseMemberKey } from "../../../src/view/member-key.js";
import { source } from "../../../src/view/source.js";
import { testRedis } from "../../support/endpoints.js";
import { createGate } from "../../support/gate.js";
import { COLLECTIONS, type Guest, mutationOf } from "../contract/collection-subject.js";
import { freshId, said, version } from "../contract/subject.js";
import { plainly } from "./plain-reader.js";

const guests = source<Guest>({ table: "guests", key: ["id"] });
const opened = {} as { redis: Redis; sink: Sink<CacheView> };
beforeAll(() => {
  opened.redis = testRedis();
  opened.sink = createRedisSink({ redis: opened.redis });
});
afterAll(() => opened.sink.close());

const guest = (room: string, i: number): Guest => ({
  id: `${room}-${i}`,
  room,
  name: `n${i}`,
  rank: i,
});
const shown = (view: CacheView, collection: string) => plainly(opened.redis, view, collection);

async function say(
  view: CacheView,
  type: "put" | "delete",
  one: Guest,
  n: number,
  changedAtSeconds?: number,
) {
  const mutation = mutationOf(view, type, one, n);
  const [result] = await opened.sink.apply([
    { ...mutation, ...(changedAtSeconds !== undefined && { changedAtSeconds }) },
  ]);
  return said(result);
}

/** Six guests of a new room, entered; and their collection's key. */
async function crowd(view: CacheView) {
  const room = freshId();
  const all = Array.from({ length: 6 }, (_, i) => guest(room, i));
  for (const one of all) await say(view, "put", one, 1);
  const { collection } = parseMemberKey(mutationOf(view, "put", all[0]!, 1).key);
  return { room, all, collection };
}

describe.each(Object.entries(COLLECTIONS))("%s of which a key is evicted", (_kind, view) => {
  const companions: Companion[] = view.keep === undefined ? ["ledger"] : ["ledger", "ranking"];

  test("G35: is made again from its ledger with the next change, whatever else was lost", async () => {
    for (const lost of ["itself", ...companions.filter((each) => each !== "ledger")]) {
      const { all, collection } = await crowd(view);
      const before = await shown(view, collection);
      await opened.redis.del(
        lost === "itself" ? collection : companionKey(collection, lost as Companion),
      );
      // Even a change that is stale mends it.
      expect(await say(view, "put", all[5]!, 1)).toBe("stale");
      expect(await shown(view, collection)).toEqual(before);
    }
  });

  test("G35: without its ledger starts anew: nothing is shown that no ledger vouches for", async () => {
    const { room, collection } = await crowd(view);
    await opened.redis.del(companionKey(collection, "ledger"));
    expect(await say(view, "put", guest(room, 9), 1)).toBe("applied");
    const left = await shown(view, collection);
    expect(JSON.stringify(left)).toMatch(/9/);
    expect(left.length).toBe(view.type === "sorted-set" ? 2 : 1);
    expect(await say(view, "delete", guest(room, 9), 2)).toBe("applied");
    expect(await shown(view, collection)).toEqual([]);
  });
});

describe("the life of a collection", () => {
  const brief = cacheView({
    name: "brief",
    source: guests,
    type: "sorted-set",
    key: ({ room }) => `{${room}}:brief`,
    member: ({ id }) => id,
    score: ({ rank }) => rank,
    ttlSeconds: 3600,
  });
  const now = () => Math.floor(Date.now() / 1000);

  test("G10: ends so long after its newest change; a replay does not extend it, and a change that is over does not enter", async () => {
    const room = freshId();
    const collection = `{${room}}:brief`;
    const at = now();
    await say(brief, "put", guest(room, 1), 5, at - 600);
    await say(brief, "put", guest(room, 2), 5, at - 1200);
    expect(await opened.redis.expiretime(collection)).toBe(at + 3000);
    await say(brief, "put", guest(room, 1), 5, at - 600);
    expect(await opened.redis.expiretime(collection)).toBe(at + 3000);
    expect(await say(brief, "put", guest(room, 3), 1, at - 4000)).toBe("applied");
    expect(await shown(brief, collection)).toHaveLength(4);
    // What was newer before and is over now has left.
    expect(await say(brief, "put", guest(room, 2), 6, at - 4000)).toBe("applied");
    expect(await shown(brief, collection)).toEqual([`${room}-1`, "1"]);
    const ledgerEnd = await opened.redis.expiretime(companionKey(collection, "ledger"));
    expect(ledgerEnd).toBeGreaterThan(at + TOMBSTONE_TTL_SECONDS - 60);
  });

  test("G56: a correction does not extend it", async () => {
    const room = freshId();
    const collection = `{${room}}:brief`;
    const at = now();
    await say(brief, "put", guest(room, 1), 5, at - 600);
    const right = mutationOf(brief, "put", { ...guest(room, 1), rank: 9 }, 5);
    expect((await opened.sink.correct([right])).map(said)).toEqual(["applied"]);
    expect(await shown(brief, collection)).toEqual([`${room}-1`, "9"]);
    expect(await opened.redis.expiretime(collection)).toBe(at + 3000);
  });

  test("G35: when it is over, nothing of it comes back with the next change", async () => {
    const room = freshId();
    const collection = `{${room}}:brief`;
    await say(brief, "put", guest(room, 1), 1, now() - 3000);
    await opened.redis.hset(companionKey(collection, "ledger"), "#expires", now() - 1);
    await opened.redis.del(collection);
    await say(brief, "put", guest(room, 2), 1);
    expect(await shown(brief, collection)).toEqual([`${room}-2`, "2"]);
  });

  test("what is gone is forgotten when its time is over, a little with every change; an empty collection ends", async () => {
    const view = COLLECTIONS["a sorted set of all"];
    const { room, all, collection } = await crowd(view);
    const ledger = companionKey(collection, "ledger");
    for (const one of all) await say(view, "delete", one, 2);
    expect(await opened.redis.hget(ledger, "#buried")).toBe("6");
    expect(await opened.redis.ttl(ledger)).toBeGreaterThan(TOMBSTONE_TTL_SECONDS - 60);
    const old = String(now() - 1).padStart(10, "0");
    for (const { id } of all) {
      const stamp = (await opened.redis.hget(ledger, `-${id}`)) ?? "";
      await opened.redis.hset(ledger, `-${id}`, stamp.slice(0, 72) + old);
    }
    await say(view, "put", guest(room, 9), 1);
    expect(await opened.redis.hget(ledger, "#buried")).toBe("0");
    expect(await opened.redis.ttl(ledger)).toBe(-1);
  });
});

describe("notifications", () => {
  const common = { source: guests, value: ({ id, rank }: Guest) => ({ id, rank }) };
  const stream = cacheView({
    ...common,
    name: "s",
    type: "stream",
    key: ({ room }) => `{${room}}:s`,
    maxLength: 100,
  });
  const channel = cacheView({
    ...common,
    name: "c",
    type: "channel",
    key: ({ room }) => `{${room}}:c`,
  });

  test("G30: a stream tells each version of an item once, and stays about as long as it may", async () => {
    const room = freshId();
    const one = guest(room, 1);
    expect(await say(stream, "put", one, 2)).toBe("applied");
    expect(await say(stream, "put", one, 2)).toBe("stale");
    expect(await say(stream, "put", one, 1)).toBe("stale");
    expect(await say(stream, "delete", one, 3)).toBe("applied");
    const messages = await opened.redis.xrange(`{${room}}:s`, "-", "+");
    const told = (change: string, n: number) => ["change", change, "member", `["${one.id}"]`, "version", version(n), "value", `{"id":"${one.id}","rank":1}`]; // prettier-ignore
    expect(messages.map(([, fields]) => fields)).toEqual([told("put", 2), told("delete", 3)]);
    const many = Array.from({ length: 400 }, (_, i) =>
      mutationOf(stream, "put", guest(room, i + 10), 1),
    );
    await opened.sink.apply(many);
    expect(await opened.redis.xlen(`{${room}}:s`)).toBeLessThan(250);
  });

  test("G30: whoever listens to a channel is told each version of an item once", async () => {
    const room = freshId();
    const one = guest(room, 1);
    const listener = testRedis();
    const heard: string[] = [];
    const last = createGate();
    listener.on("message", (_channel, message: string) => {
      heard.push(message);
      if (message.includes("delete")) last.open();
    });
    await listener.subscribe(`{${room}}:c`);
    for (const n of [1, 1]) await say(channel, "put", one, n);
    await say(channel, "delete", one, 2);
    await last.passed;
    listener.disconnect();
    const value = { id: one.id, rank: 1 };
    const member = `["${one.id}"]`;
    expect(heard.map((text) => JSON.parse(text) as unknown)).toEqual([
      { change: "put", member, version: version(1), value },
      { change: "delete", member, version: version(2), value },
    ]);
  });
});

test("a reader reads what collections show, and a scan yields the same", async () => {
  const reader = createCacheReader({ redis: opened.redis });
  const top = COLLECTIONS["a sorted set of the highest"];
  const newest = COLLECTIONS["a list of the newest"];
  const names = COLLECTIONS["a set"];
  const [a, b, c] = [await crowd(top), await crowd(newest), await crowd(names)];
  const highest = (await reader.top(top, a.collection)).map(({ score }) => score);
  expect(highest).toEqual([5, 4, 3]);
  expect(await reader.top(top, a.collection, 1)).toEqual([{ member: a.all[5]!.id, score: 5 }]);
  expect(await reader.recent(newest, b.collection, 2)).toMatchObject([{ rank: 5 }, { rank: 4 }]);
  expect([...(await reader.members(names, c.collection))].sort()).toEqual([
    "n0",
    "n1",
    "n2",
    "n3",
    "n4",
    "n5",
  ]);
  for (const [view, collection, count] of [
    [top, a.collection, 3],
    [newest, b.collection, 3],
    [names, c.collection, 6],
  ] as const) {
    let found = 0;
    for await (const row of opened.sink.scan(view)) {
      if (parseMemberKey(row.key).collection !== collection) continue;
      found++;
      expect(row.version).toBe(version(1));
    }
    expect(found).toBe(count);
  }
});

test("a key that holds a value of another kind is refused, and left as it is", async () => {
  for (const view of Object.values(COLLECTIONS)) {
    const one = guest(freshId(), 1);
    const { collection } = parseMemberKey(mutationOf(view, "put", one, 1).key);
    await opened.redis.set(collection, "x");
    expect(await say(view, "put", one, 1)).toBe("refused");
    expect(await opened.redis.get(collection)).toBe("x");
  }
});
