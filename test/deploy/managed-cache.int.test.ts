import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Redis } from "ioredis";

import { CACHE_ACCESS } from "../../src/deploy/managed-cache.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { cacheView } from "../../src/view/cache-view.js";
import { source } from "../../src/view/source.js";
import { put, remove } from "../sink/contract/subject.js";
import { endpoint, testRedis } from "../support/endpoints.js";

const user = `function${process.pid}`;
const admin = testRedis();
let redis: Redis;

beforeAll(async () => {
  await admin.call("ACL", "SETUSER", user, "nopass", ...CACHE_ACCESS.split(" "));
  const url = new URL(endpoint("MILLRACE_TEST_REDIS"));
  redis = new Redis(Number(url.port), url.hostname, { username: user, password: "any" });
});

afterAll(async () => {
  redis.disconnect();
  await admin.call("ACL", "DELUSER", user);
  admin.disconnect();
});

describe("what the function may do in the cache", () => {
  test.each(["json", "hash"] as const)(
    "is enough to put, read, scan and remove: %s",
    async (type) => {
      const id = `${user}-${type}`;
      const items = source<{ id: string }>({ table: "items", key: ["id"] });
      const view = cacheView({ name: id, source: items, type, key: (item) => item.id });
      const sink = createRedisSink({ redis });
      const applied = { outcome: "applied" };
      expect(await sink.apply([put(view, { id }, 1)])).toEqual([applied]);
      expect(await sink.get(view, id)).toMatchObject({ value: { id } });
      expect(await sink.apply([remove(view, id, 2)])).toEqual([applied]);
      for await (const row of sink.scan(view)) expect(row.key).not.toBe(id);
    },
  );

  test.each([["FLUSHALL"], ["CONFIG", "GET", "*"], ["KEYS", "*"], ["ACL", "LIST"], ["SHUTDOWN"]])(
    "is not to administer it: %s",
    async (command, ...args) => {
      await expect(redis.call(command, ...args)).rejects.toThrow(/NOPERM/);
    },
  );
});
