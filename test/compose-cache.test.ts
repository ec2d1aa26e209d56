import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";

import { createCacheHandler, createCombinedHandler, redisClient } from "../src/compose-cache.js";
import { cacheView } from "../src/view/cache-view.js";
import { source } from "../src/view/source.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });
const hot = cacheView({ name: "hot", source: items, type: "hash", key: ({ id }) => `item:${id}` });

describe("the handlers that write a cache", () => {
  let url: string | undefined;
  beforeEach(() => {
    url = process.env["REDIS_URL"];
    delete process.env["REDIS_URL"];
  });
  afterEach(() => {
    if (url === undefined) delete process.env["REDIS_URL"];
    else process.env["REDIS_URL"] = url;
  });

  test.each([
    ["cache", createCacheHandler],
    ["combined", createCombinedHandler],
  ])("of kind %s need an address, and say so", (_kind, create) => {
    expect(() => create({ hot })).toThrow(
      "REDIS_URL is not set, but views are kept in a cache; set it to redis://host:port",
    );
    process.env["REDIS_URL"] = "redis://127.0.0.1:1";
    expect(create({ hot })).toHaveLength(2);
  });
});

test("a client connects on first use only, and a command it cannot send fails instead of waiting", async () => {
  const redis = redisClient({ tablePrefix: "", stateTable: "s", redisUrl: "redis://127.0.0.1:1" });
  expect(redis.status).toBe("wait");
  await expect(redis.ping()).rejects.toThrow();
  redis.disconnect();
});
