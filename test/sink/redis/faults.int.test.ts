import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { redisClient } from "../../../src/compose-cache.js";
import { readConfig } from "../../../src/config.js";
import { type RedisServer, startRedisServer } from "../../../src/local/embedded/redis-server.js";
import { createRedisSink } from "../../../src/sink/redis/redis-sink.js";
import type { RedisClient } from "../../../src/sink/redis/send-scripts.js";
import type { Sink } from "../../../src/sink/sink.js";
import { type CacheView, cacheView } from "../../../src/view/cache-view.js";
import { source } from "../../../src/view/source.js";
import { COLLECTIONS, mutationOf } from "../contract/collection-subject.js";
import { freshId, put, remove, said } from "../contract/subject.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });
const view = cacheView({ name: "entries", source: items, type: "json", key: ({ id }) => id });

const opened = {} as { server: RedisServer; redis: RedisClient; sink: Sink<CacheView> };
beforeAll(async () => {
  await start();
  opened.redis = redisClient(readConfig({ REDIS_URL: opened.server.url }));
  opened.sink = createRedisSink({ redis: opened.redis });
});
afterAll(async () => {
  await opened.sink.close();
  await opened.server.stop();
});

async function start(port?: number) {
  opened.server = await startRedisServer({ ...(port && { port }) });
}

const apply = async (...mutations: Parameters<Sink<CacheView>["apply"]>[0][number][]) =>
  (await opened.sink.apply(mutations)).map(said);

/** Applies until it is answered otherwise than by an outage. */
async function untilAnswered(...mutations: Parameters<Sink<CacheView>["apply"]>[0][number][]) {
  for (;;) {
    const said = await apply(...mutations);
    if (!said.includes("unavailable")) return said;
  }
}

describe("a single node in trouble", () => {
  test("G36: out of memory, writes fail as retriable, deletions too, and what is there stays; with memory they go on", async () => {
    const id = freshId();
    const guest = { id, room: freshId(), name: "n", rank: 1 };
    const collections = Object.values(COLLECTIONS).map((each) => mutationOf(each, "put", guest, 2));
    expect(await apply(put(view, { id, n: 1 }, 1))).toEqual(["applied"]);
    await opened.redis.config("SET", "maxmemory", "1");
    const some = [put(view, { id, n: 2 }, 2), put(view, { id: freshId() }, 1), ...collections];
    expect(new Set(await apply(...some))).toEqual(new Set(["unavailable"]));
    expect(await opened.sink.get(view, id)).toMatchObject({ value: { n: 1 } });
    await opened.redis.config("SET", "maxmemory", "0");
    expect(new Set(await apply(...some))).toEqual(new Set(["applied"]));
  });

  test("G36: a server that hangs fails the batch instead of holding it; the connection is made anew", async () => {
    const id = freshId();
    await apply(put(view, { id, n: 1 }, 1));
    process.kill(opened.server.pid, "SIGSTOP");
    expect(await apply(put(view, { id, n: 2 }, 2))).toEqual(["unavailable"]);
    process.kill(opened.server.pid, "SIGCONT");
    expect((await untilAnswered(put(view, { id, n: 3 }, 3)))[0]).toBe("applied");
    expect(await opened.sink.get(view, id)).toMatchObject({ value: { n: 3 } });
  });

  test("G36: connections that died while the function was frozen are made anew by the first error", async () => {
    const id = freshId();
    await apply(put(view, { id }, 1));
    const kill = ["KILL", "TYPE", "normal", "SKIPME", "no"];
    await opened.redis.call("CLIENT", ...kill).catch(() => undefined);
    expect(await untilAnswered(put(view, { id }, 2))).toEqual(["applied"]);
  });

  test("G36: killed and started again without its data, it is empty, then true", async () => {
    const ids = Array.from({ length: 50 }, freshId);
    await apply(...ids.map((id) => put(view, { id, n: 1 }, 1)));
    const { port } = opened.server;
    process.kill(opened.server.pid, "SIGKILL");
    await opened.server.stop();
    expect(new Set(await apply(...ids.map((id) => put(view, { id, n: 2 }, 2))))).toEqual(
      new Set(["unavailable"]),
    );
    await start(port);
    const outcomes = await untilAnswered(
      ...ids.map((id) =>
        Number(id.at(-1)) % 2 ? put(view, { id, n: 2 }, 2) : remove(view, id, 2),
      ),
    );
    expect(new Set(outcomes)).toEqual(new Set(["applied"]));
    for (const id of ids) {
      const { value } = (await opened.sink.get(view, id)) ?? {};
      expect(value?.["n"]).toBe(Number(id.at(-1)) % 2 ? 2 : undefined);
    }
  });
});
