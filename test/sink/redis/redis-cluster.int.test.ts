import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Cluster } from "ioredis";

import { systemClock } from "../../../src/compose.js";
import { applyWithRetry, DEFAULT_RETRY } from "../../../src/pipeline/apply-with-retry.js";
import { asJsonEntry } from "../../../src/sink/redis/encode-entry.js";
import { createRedisSink } from "../../../src/sink/redis/redis-sink.js";
import type { Sink } from "../../../src/sink/sink.js";
import { type CacheView, cacheView } from "../../../src/view/cache-view.js";
import { source } from "../../../src/view/source.js";
import { startRedisCluster, type TestCluster } from "../../support/redis-cluster.js";
import { describeCollectionContract } from "../contract/collections.js";
import { freshId, put, remove, said } from "../contract/subject.js";
import { describeSinkContract } from "../sink-contract.js";
import { plainly } from "./plain-reader.js";

const items = source<{ id: string }>({ table: "items", key: ["id"] });
const view = cacheView({ name: "entries", source: items, type: "json", key: ({ id }) => id });
const opened = {} as { cluster: TestCluster; redis: Cluster; sink: Sink<CacheView> };
beforeAll(async () => {
  opened.cluster = await startRedisCluster(3, 1);
  opened.redis = opened.cluster.connect();
  opened.sink = createRedisSink({ redis: opened.redis });
});
afterAll(async () => {
  await opened.sink.close();
  await opened.cluster.stop();
});

const close = () => Promise.resolve();
describeSinkContract(
  "the Redis sink on a cluster of three",
  { keepsTombstones: true, limitsSize: false, runs: 10 },
  async () => ({ sink: opened.sink, view: view, asRead: asJsonEntry, close }),
);
describeCollectionContract("the Redis sink on a cluster of three", 6, async () => ({
  sink: opened.sink,
  shown: (...args) => plainly(opened.redis, ...args),
  close,
}));

/** Delivers one version of every item as a pipeline does: retried within the time, then delivered again. */
async function deliver(ids: readonly string[], n: number): Promise<number> {
  const mutations = ids.map((id) => (n % 4 === 3 ? remove(view, id, n) : put(view, { id, n }, n)));
  for (let delivery = 1; ; delivery++) {
    const endsAtMs = Date.now() + 5_000;
    const deadline = { remainingMs: () => endsAtMs - Date.now() };
    const results = await applyWithRetry(mutations, (some) => opened.sink.apply(some), {
      clock: systemClock,
      deadline,
      policy: { ...DEFAULT_RETRY, reserveMs: 500 },
    });
    const failures = results.filter(({ outcome }) => outcome === "failed");
    if (failures.length === 0) return delivery;
    expect(new Set(failures.map(said))).toEqual(new Set(["unavailable"]));
  }
}

/** The number of the version each item shows; undefined where it shows none. */
async function shownBy(ids: readonly string[]): Promise<(number | undefined)[]> {
  const rows = await Promise.all(ids.map((id) => opened.sink.get(view, id)));
  return rows.map((row) => row?.value?.["n"] as number | undefined);
}

describe("a cluster in trouble", () => {
  test("G36: flushed in the middle, it holds what came since, and nothing that is not so", async () => {
    const ids = Array.from({ length: 60 }, freshId);
    await deliver(ids, 1);
    await deliver(ids, 3);
    await Promise.all(opened.redis.nodes("master").map((node) => node.flushall()));
    expect(new Set(await shownBy(ids))).toEqual(new Set([undefined]));
    await deliver(ids.slice(0, 30), 4);
    const shown = await shownBy(ids);
    expect(new Set(shown.slice(0, 30))).toEqual(new Set([4]));
    expect(new Set(shown.slice(30))).toEqual(new Set([undefined]));
  });

  test("G36: while slots move to another node, every script finds its key", async () => {
    const ids = Array.from({ length: 40 }, (_, i) => `{moving}:${freshId()}:${i}`);
    await deliver(ids.slice(0, 20), 1);
    const slot = await opened.redis.cluster("KEYSLOT", "{moving}");
    const nodes = opened.redis.nodes("master");
    const ofSlot = await Promise.all(
      nodes.map(async (node) => (await node.cluster("COUNTKEYSINSLOT", slot)) > 0),
    );
    const from = nodes[ofSlot.indexOf(true)]!;
    const to = nodes[ofSlot.indexOf(false)]!;
    const [fromId, toId] = [String(await from.cluster("MYID")), String(await to.cluster("MYID"))];
    await to.cluster("SETSLOT", slot, "IMPORTING", fromId);
    await from.cluster("SETSLOT", slot, "MIGRATING", toId);
    const keys = await from.cluster("GETKEYSINSLOT", slot, 10);
    const port = String(to.options.port);
    await from.migrate("127.0.0.1", port, "", 0, 5_000, "KEYS", ...keys);
    // Some keys are here, some there, some nowhere yet: MOVED, ASK and TRYAGAIN all happen.
    const moved = deliver(ids, 2);
    while ((await from.cluster("COUNTKEYSINSLOT", slot)) > 0) {
      const rest = await from.cluster("GETKEYSINSLOT", slot, 100);
      await from.migrate("127.0.0.1", port, "", 0, 5_000, "KEYS", ...rest);
    }
    for (const node of nodes) await node.cluster("SETSLOT", slot, "NODE", toId);
    await moved;
    await deliver(ids, 4);
    expect(new Set(await shownBy(ids))).toEqual(new Set([4]));
  });

  test("G36: when a primary is killed, batches fail as retriable until a replica is promoted, then all converges", async () => {
    const ids = Array.from({ length: 90 }, freshId);
    await deliver(ids, 1);
    await deliver(ids, 2);
    process.kill(opened.cluster.servers[0]!.pid, "SIGKILL");
    await deliver(ids, 4);
    expect(new Set(await shownBy(ids))).toEqual(new Set([4]));
    // An older batch that arrives once more changes nothing.
    await deliver(ids, 2);
    expect(new Set(await shownBy(ids))).toEqual(new Set([4]));
    await deliver(ids, 7);
    expect(new Set(await shownBy(ids))).toEqual(new Set([undefined]));
  });
});
