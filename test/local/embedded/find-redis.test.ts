import { describe, expect, test } from "@jest/globals";

import {
  findRedis,
  parseRedisVersion,
  type RedisMachine,
} from "../../../src/local/embedded/find-redis.js";

test.each([
  ["Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", [7, 0]],
  ["Valkey server v=8.1.4 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", [8, 1]],
  ["Redis server v=10.12.0 sha=0", [10, 12]],
  ["command not found", undefined],
])("the version in %s is %s", (output, version) => {
  expect(parseRedisVersion(output)).toEqual(version);
});

function machineWith(
  versions: Readonly<Record<string, string>>,
  platform: RedisMachine["platform"] = "linux",
): RedisMachine {
  return { platform, versionOf: (name) => versions[name] && `Redis server v=${versions[name]}` };
}

describe("a Redis server is found", () => {
  test("under Redis's name before Valkey's", () => {
    const both = machineWith({ "valkey-server": "8.0.1", "redis-server": "7.0.15" });
    expect(findRedis(both)).toBe("redis-server");
    expect(findRedis(machineWith({ "valkey-server": "8.0.1" }))).toBe("valkey-server");
  });

  test("in Homebrew's folders, which the PATH may lack", () => {
    const path = "/opt/homebrew/bin/redis-server";
    expect(findRedis(machineWith({ [path]: "8.2.0" }, "darwin"))).toBe(path);
  });

  test("passing by one that is too old", () => {
    const machine = machineWith({ "redis-server": "6.0.16", "valkey-server": "7.2.5" });
    expect(findRedis(machine)).toBe("valkey-server");
    expect(findRedis(machineWith({ "redis-server": "6.2.0" }))).toBe("redis-server");
  });
});

describe("a machine without a Redis server is told", () => {
  test("that one it has is too old, and what to install on Debian", () => {
    expect(() => findRedis(machineWith({ "redis-server": "6.0.16" }))).toThrow(
      "Redis 6.2 or newer is needed, but redis-server is 6.0; apt-get install redis-server, or set REDIS_URL to one that runs",
    );
  });

  test("that there is none, and what to install on macOS", () => {
    expect(() => findRedis(machineWith({}, "darwin"))).toThrow(
      "no redis-server or valkey-server was found; brew install redis, or set REDIS_URL to one that runs",
    );
  });
});
