import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import type { Item } from "../../src/change/attribute-value.js";
import { readVersion, type Version } from "../../src/change/version.js";
import { type CacheReaderOptions, createCacheReader } from "../../src/read/cache-reader.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import type { Sink } from "../../src/sink/sink.js";
import { type CacheView, cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { freshId, put, remove, said, version } from "../sink/contract/subject.js";
import { testRedis } from "../support/endpoints.js";
import { createGate } from "../support/gate.js";
import { LABEL } from "../support/records.js";

interface Flight {
  id: string;
  delay: number;
}
const flights = source<Flight>({ table: "flights", key: ["id"] });
const common = { source: flights, key: ({ id }: Flight) => id };
const cards = cacheView({ ...common, name: "cards", type: "json", ttlSeconds: 60 });
const hashes = cacheView({ ...common, name: "hashes", type: "hash" });
const pulled = cacheView({ ...common, name: "pulled", type: "json", hot: "pulled" });
const late = cacheView({ ...common, name: "late", type: "json", hot: ({ delay }) => delay > 9 });
const short = cacheView({ ...common, name: "short", type: "json", maxValueBytes: 150 });

const opened = {} as { redis: Redis; sink: Sink<CacheView> };
beforeAll(() => {
  opened.redis = testRedis();
  opened.sink = createRedisSink({ redis: opened.redis });
});
afterAll(() => opened.sink.close());

/** A source whose reads answer with what they saw when they began, once the gate is open. */
function slowSource(item: Item | undefined, gate: Promise<unknown> = Promise.resolve()) {
  let loads = 0;
  let current = item;
  const asked = createGate();
  const loadItem = async (): Promise<{ item?: Item; version: Version }> => {
    loads++;
    const seen = current;
    asked.open();
    await gate;
    return { ...(seen && { item: seen }), version: readVersion(LABEL) };
  };
  const becomes = (next: Item | undefined) => void (current = next);
  return { loadItem, asked: asked.passed, loads: () => loads, becomes };
}

function readerOf(options: Partial<CacheReaderOptions> = {}) {
  return createCacheReader({ redis: opened.redis, ...options });
}

describe("a cache reader", () => {
  test("gets what was pushed, without bookkeeping: JSON as it was, of a hash every field as text", async () => {
    const [id, other] = [freshId(), freshId()];
    await opened.sink.apply([
      put(cards, { id, delay: 1 }, 1),
      put(hashes, { id: other, delay: 2 }, 1),
    ]);
    const reader = readerOf();
    expect(await reader.get(cards, id)).toEqual({ id, delay: 1 });
    expect(await reader.get(hashes, other)).toEqual({ id: other, delay: "2" });
    expect(await reader.getMany(cards, [freshId(), id])).toEqual([undefined, { id, delay: 1 }]);
    expect(await reader.get(cards, freshId())).toBeUndefined();
  });

  test("G33: a thousand misses of one key at once load it once, from several readers and processes alike", async () => {
    const id = freshId();
    const flight = slowSource({ id, delay: 3 });
    const clients = [testRedis(), testRedis(), testRedis(), testRedis()];
    const readers = clients.map((redis) => createCacheReader({ redis, ...flight }));
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => readers[i % 4]!.get(cards, id, { from: { id } })),
    );
    for (const answer of answers) expect(answer).toEqual({ id, delay: 3 });
    expect(flight.loads()).toBe(1);
    expect(await opened.redis.ttl(id)).toBeGreaterThan(50);
    for (const redis of clients) redis.disconnect();
  });

  test("N13: a slow fill never overwrites what was pushed meanwhile, whatever its version", async () => {
    for (const view of [cards, pulled, late]) {
      const id = freshId();
      const gate = createGate();
      const flight = slowSource({ id, delay: 1 }, gate.passed);
      const answer = readerOf(flight).get(view, id, { from: { id } });
      await flight.asked;
      await opened.sink.apply([put(view, { id, delay: 2 }, 5)]);
      flight.becomes({ id, delay: 2 });
      gate.open();
      expect(await answer).toEqual({ id, delay: 2 });
      expect(await readerOf().get(view, id)).toEqual({ id, delay: 2 });
    }
  });

  test("N13: a slow fill never brings back what was deleted meanwhile: the answer is absent", async () => {
    const id = freshId();
    const gate = createGate();
    const flight = slowSource({ id, delay: 1 }, gate.passed);
    const answer = readerOf(flight).get(hashes, id, { from: { id } });
    await flight.asked;
    await opened.sink.apply([remove(hashes, id, 5)]);
    gate.open();
    expect(await answer).toBeUndefined();
    expect(await opened.redis.exists(id)).toBe(0);
  });

  test("N14: a tombstone means absent, not permission to fill", async () => {
    const id = freshId();
    await opened.sink.apply([put(cards, { id, delay: 1 }, 1), remove(cards, id, 2)]);
    await opened.sink.apply([remove(cards, id, 2)]);
    const flight = slowSource({ id, delay: 1 });
    expect(await readerOf(flight).get(cards, id, { from: { id } })).toBeUndefined();
    expect(flight.loads()).toBe(0);
  });

  test("a reader that dies leaves its lease to the next, and its own fill is void", async () => {
    const id = freshId();
    const gate = createGate();
    const dead = slowSource({ id, delay: 1 }, gate.passed);
    const first = readerOf({ ...dead, leaseMs: 20 }).get(cards, id, { from: { id } });
    await dead.asked;
    const next = slowSource({ id, delay: 2 });
    expect(await readerOf(next).get(cards, id, { from: { id } })).toEqual({ id, delay: 2 });
    gate.open();
    expect(await first).toEqual({ id, delay: 2 });
  });

  test("G49: who may be given a stale answer is not kept waiting by another's fill, and is given none of what has left", async () => {
    const id = freshId();
    const gate = createGate();
    const slow = slowSource({ id, delay: 2 }, gate.passed);
    const patient = readerOf({ ...slow, staleMs: 60_000 });
    await opened.sink.apply([put(cards, { id, delay: 1 }, 1)]);
    const from = { id };
    expect(await patient.get(cards, id, { from })).toEqual({ id, delay: 1 });

    await opened.redis.del(id);
    const elsewhere = readerOf(slow).get(cards, id, { from });
    await slow.asked;
    const stale = await patient.get(cards, id, { from });
    expect(stale).toEqual({ id, delay: 1 });
    // What was given is the caller's own.
    Object.assign(stale ?? {}, { delay: 99 });
    expect(await patient.get(cards, id, { from })).toEqual({ id, delay: 1 });
    expect(slow.loads()).toBe(1);

    await opened.sink.apply([remove(cards, id, 3)]);
    expect(await patient.get(cards, id, { from })).toBeUndefined();
    gate.open();
    expect(await elsewhere).toBeUndefined();
  });

  test("G49: the same within one process: only the one who fills waits", async () => {
    const id = freshId();
    const gate = createGate();
    const slow = slowSource({ id, delay: 2 }, gate.passed);
    const reader = readerOf({ ...slow, staleMs: 60_000 });
    await opened.sink.apply([put(cards, { id, delay: 1 }, 1)]);
    await reader.get(cards, id);
    await opened.redis.del(id);
    const filling = reader.get(cards, id, { from: { id } });
    await slow.asked;
    expect(await reader.get(cards, id, { from: { id } })).toEqual({ id, delay: 1 });
    gate.open();
    expect(await filling).toEqual({ id, delay: 2 });
    expect(await reader.get(cards, id, { from: { id } })).toEqual({ id, delay: 2 });
    expect(slow.loads()).toBe(1);
  });

  test("who has waited long enough reads the source, and a source that fails is told and frees the lease", async () => {
    const id = freshId();
    const gate = createGate();
    const slow = slowSource({ id, delay: 1 }, gate.passed);
    const first = readerOf(slow).get(cards, id, { from: { id } });
    await slow.asked;
    const impatient = slowSource({ id, delay: 1 });
    expect(await readerOf({ ...impatient, waitMs: 30 }).get(cards, id, { from: { id } })).toEqual({
      id,
      delay: 1,
    });
    gate.open();
    await first;

    const other = freshId();
    const failing = readerOf({ loadItem: () => Promise.reject(new Error("throttled")) });
    await expect(failing.get(cards, other, { from: { id: other } })).rejects.toThrow("throttled");
    const working = slowSource({ id: other, delay: 4 });
    expect(await readerOf(working).get(cards, other, { from: { id: other } })).toEqual({
      id: other,
      delay: 4,
    });
  });

  test("what the source has not is remembered as long as asked, and a push ends that at once", async () => {
    const id = freshId();
    const none = slowSource(undefined);
    const reader = readerOf({ ...none, negativeTtlSeconds: 60 });
    expect(await reader.get(cards, id, { from: { id } })).toBeUndefined();
    expect(await reader.get(cards, id, { from: { id } })).toBeUndefined();
    expect(none.loads()).toBe(1);
    await opened.sink.apply([put(cards, { id, delay: 1 }, 1)]);
    expect(await reader.get(cards, id, { from: { id } })).toEqual({ id, delay: 1 });
    const forgetful = slowSource(undefined);
    const other = freshId();
    for (let i = 0; i < 2; i++)
      await readerOf(forgetful).get(cards, other, { from: { id: other } });
    expect(forgetful.loads()).toBe(2);
  });

  test("where Redis does not answer, the source does", async () => {
    const away = new Redis({
      port: 1,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    away.on("error", () => undefined);
    const flight = slowSource({ id: "1", delay: 1 });
    const reader = createCacheReader({ redis: away, ...flight });
    expect(await reader.get(hashes, "1", { from: { id: "1" } })).toEqual({ id: "1", delay: "1" });
    await expect(reader.get(hashes, "1")).rejects.toMatchObject({ code: "unavailable" });
  });
});

describe("what is hot", () => {
  const outcome = async (...mutations: Parameters<Sink<CacheView>["apply"]>[0][number][]) =>
    (await opened.sink.apply(mutations)).map(said);

  test('G34: of a view that is "pulled", a push is kept only where a reader pulled the entry in, and then it is kept true', async () => {
    const id = freshId();
    expect(await outcome(put(pulled, { id, delay: 1 }, 1))).toEqual(["skipped"]);
    expect(await opened.redis.exists(id)).toBe(0);
    const reader = readerOf(slowSource({ id, delay: 1 }));
    expect(await reader.get(pulled, id, { from: { id } })).toEqual({ id, delay: 1 });
    expect(await outcome(put(pulled, { id, delay: 2 }, 2))).toEqual(["applied"]);
    expect(await reader.get(pulled, id)).toEqual({ id, delay: 2 });
    expect(await outcome(remove(pulled, id, 3))).toEqual(["applied"]);
    expect(await outcome(put(pulled, { id, delay: 3 }, 4))).toEqual(["skipped"]);
    // It came back, so a reader may pull it in again; the fill is as new as what was left out.
    expect(await readerOf(slowSource({ id, delay: 3 })).get(pulled, id, { from: { id } })).toEqual({
      id,
      delay: 3,
    });
    expect(await outcome(put(pulled, { id, delay: 0 }, 3))).toEqual(["stale"]);
  });

  test("G34: of a view with a predicate, what is not hot costs no memory, and what is there stays true", async () => {
    const id = freshId();
    expect(await outcome(put(late, { id, delay: 1 }, 1))).toEqual(["skipped"]);
    expect(await outcome(put(late, { id, delay: 10 }, 2))).toEqual(["applied"]);
    expect(await outcome(put(late, { id, delay: 3 }, 3))).toEqual(["applied"]);
    expect(await readerOf().get(late, id)).toEqual({ id, delay: 3 });
  });

  test("G34: an entry larger than allowed is skipped and counted so, and the older value is gone", async () => {
    const id = freshId();
    const large = { id, delay: 1, text: "x".repeat(200) };
    expect(await outcome(put(short, { id, delay: 1 }, 1))).toEqual(["applied"]);
    expect(await outcome(put(short, large, 2))).toEqual(["skipped"]);
    expect(await opened.redis.exists(id)).toBe(0);
    expect(await outcome(put(short, { id, delay: 1 }, 1))).toEqual(["stale"]);
    const reader = readerOf(slowSource(large));
    expect(await reader.get(short, id, { from: { id } })).toEqual(large);
    expect(await opened.redis.exists(id)).toBe(0);
    expect(await outcome(put(short, { id, delay: 2 }, 3))).toEqual(["applied"]);
    expect(version(3)).toBe((await opened.sink.get(short, id))?.version);
  });
});
