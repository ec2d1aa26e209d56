import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import { asHashEntry, asJsonEntry } from "../../../src/sink/redis/encode-entry.js";
import { companionKey } from "../../../src/sink/redis/redis-key.js";
import { createRedisSink } from "../../../src/sink/redis/redis-sink.js";
import { TOMBSTONE_TTL_SECONDS } from "../../../src/sink/sink.js";
import { cacheView, type EntryType } from "../../../src/view/cache-view.js";
import { source } from "../../../src/view/source.js";
import { testRedis } from "../../support/endpoints.js";
import { describeCollectionContract } from "../contract/collections.js";
import { put, remove, said, version } from "../contract/subject.js";
import { describeSinkContract } from "../sink-contract.js";
import { plainly } from "./plain-reader.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });

function viewOf(type: EntryType, ttlSeconds?: number) {
  return cacheView({
    name: `${type}-entries`,
    source: items,
    type,
    key: ({ id }: { id: string }) => id,
    ...(ttlSeconds !== undefined && { ttlSeconds }),
  });
}

for (const type of ["json", "hash"] as const) {
  describeSinkContract(
    `the Redis sink (${type})`,
    { keepsTombstones: true, limitsSize: false, runs: 40 },
    async () => {
      const sink = createRedisSink({ redis: testRedis() });
      const asRead = type === "json" ? asJsonEntry : asHashEntry;
      return { sink, view: viewOf(type), asRead, close: () => sink.close() };
    },
  );
}

describeCollectionContract("the Redis sink", 25, async () => {
  const redis = testRedis();
  const sink = createRedisSink({ redis });
  return { sink, shown: (...args) => plainly(redis, ...args), close: () => sink.close() };
});

describe("the Redis sink", () => {
  const opened = {} as { redis: Redis; sink: ReturnType<typeof createRedisSink> };
  let used = 0;
  const freshKey = () => `redis-sink-${process.pid}-${Date.now()}-${++used}`;
  beforeAll(() => {
    opened.redis = testRedis();
    opened.sink = createRedisSink({ redis: opened.redis });
  });
  afterAll(() => opened.sink.close());

  const stamp = expect.stringMatching(new RegExp(`^${version(1)}~[\\w-]{8}$`)) as unknown;

  test("a JSON entry is one string that any reader parses, its version first", async () => {
    const id = freshKey();
    await opened.sink.apply([put(viewOf("json"), { id, a: 1 }, 1)]);
    const text = (await opened.redis.get(id)) ?? "";
    expect(text.startsWith(`{"_v":"${version(1)}~`)).toBe(true);
    expect(JSON.parse(text)).toEqual({ _v: stamp, id, a: 1 });
  });

  test("a hash entry is read by a plain HGETALL", async () => {
    const id = freshKey();
    await opened.sink.apply([put(viewOf("hash"), { id, n: 1.5, yes: true, list: [1] }, 1)]);
    const fields = await opened.redis.hgetall(id);
    const _o = expect.stringMatching(/^[\w-]{8}$/) as unknown;
    expect(fields).toEqual({ _v: version(1), _o, id, n: "1.5", yes: "true", list: "[1]" });
  });

  test("a hash of thousands of fields is kept whole", async () => {
    const id = freshKey();
    const fields = Object.fromEntries(Array.from({ length: 9_999 }, (_, i) => [`f${i}`, i]));
    const [result] = await opened.sink.apply([put(viewOf("hash"), { id, ...fields }, 1)]);
    expect(said(result)).toBe("applied");
    expect(await opened.redis.hlen(id)).toBe(10_002);
  });

  test("N6: a tombstone is a key of its own in the entry's slot, invisible to readers, and it expires", async () => {
    for (const type of ["json", "hash"] as const) {
      for (const id of [freshKey(), `{${freshKey()}}:tagged`]) {
        await opened.sink.apply([put(viewOf(type), { id }, 1)]);
        await opened.sink.apply([remove(viewOf(type), id, 2)]);
        expect(await opened.redis.exists(id)).toBe(0);
        const key = companionKey(id, "note");
        expect(await opened.redis.get(key)).toMatch(new RegExp(`^${version(2)}~`));
        const ttl = await opened.redis.ttl(key);
        expect(ttl).toBeGreaterThan(TOMBSTONE_TTL_SECONDS - 60);
        expect(ttl).toBeLessThanOrEqual(TOMBSTONE_TTL_SECONDS);
        await opened.sink.apply([put(viewOf(type), { id }, 3)]);
        expect(await opened.redis.exists(key)).toBe(0);
      }
    }
  });

  test("G10: an entry expires so long after its change, not after its writing; one that is over by then is never seen", async () => {
    for (const type of ["json", "hash"] as const) {
      const view = viewOf(type, 3600);
      const nowSeconds = Math.floor(Date.now() / 1000);
      const id = freshKey();
      const late = { ...put(view, { id }, 1), changedAtSeconds: nowSeconds - 1800 };
      await opened.sink.apply([late]);
      expect(await opened.redis.pexpiretime(id)).toBe((nowSeconds + 1800) * 1000);
      expect(await opened.sink.get(view, id)).toMatchObject({
        expiresAtSeconds: nowSeconds + 1800,
      });
      const over = { ...put(view, { id }, 2), changedAtSeconds: nowSeconds - 4000 };
      expect(said((await opened.sink.apply([over]))[0])).toBe("applied");
      expect(await opened.redis.exists(id)).toBe(0);
    }
  });

  test("G10, G56: a corrected entry expires when it was to; one that comes back, so long after its change", async () => {
    for (const type of ["json", "hash"] as const) {
      const view = viewOf(type, 3600);
      const id = freshKey();
      const nowSeconds = Math.floor(Date.now() / 1000);
      const correct = async (...mutations: Parameters<typeof opened.sink.correct>[0]) =>
        (await opened.sink.correct(mutations)).map(said);
      await opened.sink.apply([
        { ...put(view, { id, wrong: 1 }, 1), changedAtSeconds: nowSeconds - 1800 },
      ]);
      expect(await correct(put(view, { id, right: 1 }, 1))).toEqual(["applied"]);
      expect(await opened.redis.pexpiretime(id)).toBe((nowSeconds + 1800) * 1000);
      expect(await correct(remove(view, id, 1))).toEqual(["applied"]);
      expect(await opened.redis.exists(id)).toBe(0);
      const back = { ...put(view, { id, right: 1 }, 1), changedAtSeconds: nowSeconds - 60 };
      expect(await correct(back)).toEqual(["applied"]);
      expect(await opened.redis.pexpiretime(id)).toBe((nowSeconds + 3540) * 1000);
      const lasting = freshKey();
      await opened.sink.apply([put(viewOf(type), { id: lasting }, 1)]);
      expect(await correct(put(view, { id: lasting, right: 1 }, 1))).toEqual(["applied"]);
      expect(await opened.redis.ttl(lasting)).toBe(-1);
    }
  });

  test("G56: a correction leaves alone a key that holds somebody else's value", async () => {
    for (const type of ["json", "hash"] as const) {
      const id = freshKey();
      await opened.sink.apply([remove(viewOf(type), id, 1)]);
      await (type === "json" ? opened.redis.set(id, "x") : opened.redis.hset(id, "x", "y"));
      const corrections = [put(viewOf(type), { id }, 1), remove(viewOf(type), id, 1)];
      for (const each of corrections)
        expect((await opened.sink.correct([each])).map(said)).toEqual(["stale"]);
      expect(await opened.redis.exists(id)).toBe(1);
    }
  });

  test("a newer put without expiry ends the expiry of the older", async () => {
    for (const type of ["json", "hash"] as const) {
      const id = freshKey();
      await opened.sink.apply([put(viewOf(type, 3600), { id }, 1)]);
      await opened.sink.apply([put(viewOf(type), { id }, 2)]);
      expect(await opened.redis.ttl(id)).toBe(-1);
    }
  });

  test("a key that holds somebody else's value is refused with the remedy, left as it is, and the others flow", async () => {
    for (const type of ["json", "hash"] as const) {
      const foreign = { list: freshKey(), text: freshKey(), hash: freshKey() };
      await opened.redis.rpush(foreign.list, "x");
      await opened.redis.set(foreign.text, "x");
      await opened.redis.hset(foreign.hash, "x", "y");
      const ids = [...Object.values(foreign), freshKey()];
      const results = await opened.sink.apply(ids.map((id) => put(viewOf(type), { id }, 1)));
      expect(results.map(said)).toEqual(["refused", "refused", "refused", "applied"]);
      if (results[0]?.outcome === "failed")
        expect(results[0].error.message).toContain(foreign.list);
      const deletions = ids.slice(0, 3).map((id) => remove(viewOf(type), id, 2));
      expect((await opened.sink.apply(deletions)).map(said)).toEqual(["stale", "stale", "stale"]);
      expect(await opened.redis.exists(...Object.values(foreign))).toBe(3);
    }
  });

  test('an attribute named "_v" is invalid, since the entry keeps its version there', async () => {
    for (const type of ["json", "hash"] as const) {
      const [result] = await opened.sink.apply([put(viewOf(type), { id: freshKey(), _v: 1 }, 1)]);
      expect(said(result)).toBe("invalid-row");
    }
  });

  test("goes on when the server has forgotten its scripts", async () => {
    const ids = Array.from({ length: 10 }, freshKey);
    await opened.sink.apply(ids.map((id) => put(viewOf("json"), { id }, 1)));
    await opened.redis.script("FLUSH");
    const results = await opened.sink.apply(ids.map((id) => put(viewOf("json"), { id }, 2)));
    expect(results.map(said)).toEqual(ids.map(() => "applied"));
  });

  test("an entry costs less than 100 bytes more memory than its value alone, and a small hash stays compact", async () => {
    const lengths = Array.from({ length: 50 }, (_, i) => i);
    for (const type of ["json", "hash"] as const) {
      let overhead = 0;
      for (const length of lengths) {
        const ours = freshKey();
        const plain = ours.replace("redis", "plain");
        // Many short attributes, as cards and counters have; the allocator's steps even out over the lengths.
        const value = { id: ours, a: 1, b: "SFO", c: "x".repeat(length), d: "y".repeat(length) };
        await opened.sink.apply([put(viewOf(type), value, 1)]);
        if (type === "json") await opened.redis.set(plain, JSON.stringify(value));
        else await opened.redis.hset(plain, value);
        overhead += await memoryOf(ours);
        overhead -= await memoryOf(plain);
        if (type === "hash")
          expect(await opened.redis.object("ENCODING", ours)).not.toBe("hashtable");
      }
      expect(overhead / lengths.length).toBeLessThan(100);
    }
  });

  async function memoryOf(key: string): Promise<number> {
    return (await opened.redis.memory("USAGE", key)) ?? 0;
  }

  test("a server that does not answer fails every mutation as retriable, and never rejects", async () => {
    const redis = new Redis({
      host: "127.0.0.1",
      port: 1,
      lazyConnect: true,
      maxRetriesPerRequest: 0,
      retryStrategy: () => null,
    });
    redis.on("error", () => undefined);
    const sink = createRedisSink({ redis });
    const view = viewOf("json");
    const results = await sink.apply([
      put(view, { id: "a" }, 1),
      put(view, { id: "b", wrong: undefined }, 1),
      remove(view, "c", 1),
    ]);
    expect(results.map(said)).toEqual(["unavailable", "invalid-row", "unavailable"]);
    expect(results[0]).toMatchObject({ error: { retriable: true } });
    await expect(sink.get(view, "a")).rejects.toMatchObject({ code: "unavailable" });
    await sink.close();
  });
});
