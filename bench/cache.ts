import { Redis } from "ioredis";

import type { Item } from "../src/change/attribute-value.js";
import { readVersion, streamVersion } from "../src/change/version.js";
import { formatTable } from "../src/cli/format-table.js";
import { startRedisServer } from "../src/local/embedded/redis-server.js";
import { type CacheReader, createCacheReader } from "../src/read/cache-reader.js";
import { createRedisSink } from "../src/sink/redis/redis-sink.js";
import { type CacheView, cacheView } from "../src/view/cache-view.js";
import type { Mutation } from "../src/view/row.js";
import { source } from "../src/view/source.js";

/** What keeping the cache true costs beside a plain cache, in one run on one server. */
export interface CacheFigures {
  /** Versioned pushes as a share of plain pipelined SETs of the same size, in percent; the median of the rounds. */
  readonly pushShare: number;
  readonly pushesPerSecond: number;
  readonly setsPerSecond: number;
  /** Client CPU that `get` of the reader adds to ioredis's, microseconds. */
  readonly getAddsUs: number;
  /** Loads for a thousand misses of one key at once. */
  readonly loadsPerThousandMisses: number;
  /** Memory of an entry beyond that of the plain value, bytes. */
  readonly jsonOverheadBytes: number;
  readonly hashOverheadBytes: number;
}

const LABEL = "2026-01-01T00:00:00.000";
const ENTRIES = 5_000;
const BATCH = 100;
/** Rounds until code is compiled, as in a function that has been in use for a while; then those that count. */
const WARM_ROUNDS = 20;
const ROUNDS = 15;
const READS = 20_000;

interface Flight {
  id: string;
  text: string;
}
const flights = source<Flight>({ table: "flights", key: ["id"] });
const views = {
  json: cacheView({ name: "json", source: flights, type: "json", key: ({ id }) => `json:${id}` }),
  hash: cacheView({ name: "hash", source: flights, type: "hash", key: ({ id }) => `hash:${id}` }),
};

/** Measures the cache beside plain ioredis on a server of its own. */
export async function cache(): Promise<CacheFigures> {
  const server = await startRedisServer();
  const redis = new Redis(server.url);
  try {
    const figures = {
      ...(await pushes(redis)),
      getAddsUs: await hotGet(redis),
      loadsPerThousandMisses: await misses(redis),
      jsonOverheadBytes: await memory(redis, "json"),
      hashOverheadBytes: await memory(redis, "hash"),
    };
    print(figures);
    return figures;
  } finally {
    redis.disconnect();
    await server.stop();
  }
}

function flight(i: number, version: number): Item {
  // About as large as a flight of the example, in JSON.
  return { id: String(i), text: `${version}`.padEnd(160, "x") };
}

function putOf(view: CacheView, i: number, version: number): Mutation<CacheView> {
  const value = flight(i, version);
  const [row] = view.rowsOf(value);
  return {
    type: "put",
    view,
    key: row?.key ?? "",
    value,
    version: streamVersion(LABEL, String(version)),
    owner: JSON.stringify([String(i)]),
    changedAtSeconds: Math.floor(Date.now() / 1000),
  };
}

/**
 * Rounds of both take turns, and turns at being first, so that neither has the quieter machine; all is prepared before
 * either is timed, so that neither clears up after the other's preparation.
 */
async function pushes(redis: Redis) {
  const sink = createRedisSink({ redis });
  const rounds: { sets: number; pushes: number }[] = [];
  for (let round = 1; round <= WARM_ROUNDS + ROUNDS; round++) {
    const mutations = Array.from({ length: ENTRIES }, (_, i) => putOf(views.json, i, round));
    // What a push writes, plain: value, version and all.
    const plain = mutations.map(({ value }) => JSON.stringify({ _v: "v".repeat(73), ...value }));
    const timed = {
      sets: async (from: number) => {
        const pipeline = redis.pipeline();
        for (let i = from; i < from + BATCH; i++) pipeline.set(`plain:${i}`, plain[i] ?? "");
        await pipeline.exec();
      },
      pushes: async (from: number) => {
        await sink.apply(mutations.slice(from, from + BATCH));
      },
    };
    const rates = { sets: 0, pushes: 0 };
    const order = round % 2 === 0 ? (["sets", "pushes"] as const) : (["pushes", "sets"] as const);
    for (const kind of order) rates[kind] = await perSecond(timed[kind]);
    if (round > WARM_ROUNDS) rounds.push(rates);
  }
  return {
    pushShare: Math.round(median(rounds.map((round) => (100 * round.pushes) / round.sets))),
    pushesPerSecond: Math.round(median(rounds.map(({ pushes: rate }) => rate))),
    setsPerSecond: Math.round(median(rounds.map(({ sets }) => sets))),
  };
}

async function perSecond(batch: (from: number) => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  for (let from = 0; from < ENTRIES; from += BATCH) await batch(from);
  return (1000 * ENTRIES) / (performance.now() - startedAtMs);
}

async function hotGet(redis: Redis): Promise<number> {
  const reader = createCacheReader({ redis });
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const plain = await cpuUs((i) => redis.get(`plain:${i % ENTRIES}`));
    const ours = await cpuUs((i) => reader.get(views.json, `json:${i % ENTRIES}`));
    if (round > 0) rounds.push(ours - plain);
  }
  return Math.round(median(rounds) * 10) / 10;
}

/** Client CPU of one call, microseconds. */
async function cpuUs(call: (i: number) => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let i = 0; i < READS; i++) await call(i);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / READS;
}

async function misses(redis: Redis): Promise<number> {
  let loads = 0;
  const loadItem = async () => {
    loads++;
    await new Promise((resolve) => setTimeout(resolve, 50));
    return { item: flight(-1, 1), version: readVersion(LABEL) };
  };
  const clients = Array.from({ length: 10 }, () => redis.duplicate());
  const readers = clients.map((client) => createCacheReader({ redis: client, loadItem }));
  await Promise.all(
    Array.from({ length: 1_000 }, (_, i) =>
      (readers[i % readers.length] as CacheReader).get(views.json, "json:-1", {
        from: { id: "-1" },
      }),
    ),
  );
  for (const client of clients) client.disconnect();
  return loads;
}

/** The mean over values of many lengths, since the allocator gives memory in steps. */
async function memory(redis: Redis, type: "json" | "hash"): Promise<number> {
  const sink = createRedisSink({ redis });
  const usage = async (key: string) => (await redis.memory("USAGE", key)) ?? 0;
  const lengths = Array.from({ length: 100 }, (_, i) => i);
  let overhead = 0;
  for (const length of lengths) {
    const value = { id: `m${length}`, origin: "SFO", delay: 12, text: "x".repeat(length / 2) };
    const key = `${type}:m${length}`;
    const plain = key.replace(type, type === "json" ? "bare" : "bear");
    await sink.apply([{ ...putOf(views[type], 0, 1), key, value }]);
    if (type === "json") await redis.set(plain, JSON.stringify(value));
    else await redis.hset(plain, value);
    overhead += (await usage(key)) - (await usage(plain));
  }
  return Math.round(overhead / lengths.length);
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

function print(figures: CacheFigures): void {
  const rows: [string, string | number, string][] = [
    ["versioned pushes", `${figures.pushesPerSecond}/s`, ""],
    ["plain pipelined SETs", `${figures.setsPerSecond}/s`, ""],
    ["pushes, share of SETs", `${figures.pushShare} %`, "at least 60 %"],
    ["a hot get adds", `${figures.getAddsUs} µs CPU`, "under 30 µs"],
    ["loads for 1,000 misses", figures.loadsPerThousandMisses, "1"],
    ["memory beyond the value, JSON", `${figures.jsonOverheadBytes} B`, "under 100 B"],
    ["memory beyond the value, hash", `${figures.hashOverheadBytes} B`, "under 100 B"],
  ];
  console.error(`the cache\n${formatTable(["figure", "measured", "wanted"], rows)}`);
}
