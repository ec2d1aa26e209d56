import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Redis } from "ioredis";

import { encodeItem } from "../../src/change/encode-item.js";
import { type RunningPipeline, runPipeline } from "../../src/cli/run-pipeline.js";
import { systemClock } from "../../src/compose.js";
import { createMemoryCheckpoints } from "../../src/local/event-source-mapping/checkpoint-store.js";
import type { Clock } from "../../src/pipeline/clock.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import { probe, type ProbeReport } from "../../src/probe/probe.js";
import { createProbedCache } from "../../src/probe/probed-cache.js";
import { createRedisSink } from "../../src/sink/redis/redis-sink.js";
import { createMemoryQuarantine } from "../../src/state/memory-quarantine.js";
import { createSourceItems, type SourceItems } from "../../src/upkeep/source-items.js";
import { type CacheView, cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { freshId } from "../sink/contract/subject.js";
import { endpoint, testDynamoDb, testRedis } from "../support/endpoints.js";

interface Flight {
  id: string;
  origin: string;
  delay: number;
}

const run = freshId();
const flights = source<Flight>({ table: `probed-${run}`, key: ["id"] });
const common = { source: flights, where: ({ delay }: Flight) => delay >= 0 };
const cards = cacheView({
  ...common,
  name: "cards",
  type: "json",
  key: ({ id }) => `card-${run}:${id}`,
  value: ({ id, delay }) => ({ id, delay }),
});
/** Its entries begin as those of the cards do, and it says nothing of the item but its delay. */
const secrets = cacheView({
  ...common,
  name: "secrets",
  type: "json",
  key: ({ id }) => `card-${run}:secret:${id}`,
  value: ({ delay }) => ({ delay }),
});
const hashes = cacheView({ ...common, name: "hashes", type: "hash", key: ({ id }) => `hash-${run}:${id}` }); // prettier-ignore
const worst = cacheView({
  ...common,
  name: "worst",
  type: "sorted-set",
  key: ({ origin }) => `worst-${run}:${origin}`,
  member: ({ id }) => id,
  score: ({ delay }) => delay,
  keep: 5,
});
const newest = cacheView({
  ...common,
  name: "newest",
  type: "list",
  key: ({ origin }) => `newest-${run}:${origin}`,
  score: ({ delay }) => delay,
  keep: 5,
});
const origins = cacheView({
  ...common,
  name: "origins",
  type: "set",
  key: () => `origins-${run}`,
  member: ({ origin }) => origin,
});
const pulled = cacheView({ ...common, name: "pulled", type: "json", key: ({ id }) => `pulled-${run}:${id}`, hot: "pulled" }); // prettier-ignore
const views = { cards, secrets, hashes, worst, newest, origins, pulled };
const AIRPORTS = ["SFO", "JFK", "ORD"];
const COUNT = 60;

const opened = {} as {
  client: DynamoDBClient;
  redis: Redis;
  items: SourceItems;
  running: RunningPipeline;
};

async function write(item: Flight): Promise<void> {
  const put = new PutItemCommand({ TableName: flights.table, Item: encodeItem({ ...item }) });
  await opened.client.send(put);
}

async function caughtUp(): Promise<void> {
  const sinceMs = Date.now();
  while ((opened.running.caughtUpAtMs() ?? 0) <= sinceMs)
    await new Promise((resolve) => setTimeout(resolve, 20));
}

beforeAll(async () => {
  const client = testDynamoDb();
  const redis = testRedis();
  const declarations = collectDeclarations(views);
  const pipeline = createPipeline({
    declarations,
    sinks: { "cache-view": createRedisSink({ redis }) },
    quarantine: createMemoryQuarantine(),
    clock: systemClock,
    declaredName: (table) => table,
  });
  const handler = async ({ Records }: { Records: never[] }) => {
    const { problems } = await pipeline.process(Records, { remainingMs: () => 60_000 });
    expect(problems).toEqual([]);
    return { batchItemFailures: [] };
  };
  process.env["AWS_REGION"] ??= "us-east-1";
  process.env["AWS_ACCESS_KEY_ID"] ??= "local";
  process.env["AWS_SECRET_ACCESS_KEY"] ??= "local";
  const dynamodbEndpoint = endpoint("MILLRACE_TEST_DYNAMODB");
  const running = await runPipeline(
    { directory: ".", pipelineFile: "", declarations, handlers: { cache: handler as never } },
    { tablePrefix: "", stateTable: `state-${run}`, dynamodbEndpoint, streamsEndpoint: dynamodbEndpoint }, // prettier-ignore
    createMemoryCheckpoints(),
  );
  const items = createSourceItems({ client, tableName: (table) => table });
  Object.assign(opened, { client, redis, items, running });
  for (let i = 0; i < COUNT; i++) await write({ id: `f-${i}`, origin: AIRPORTS[i % 3]!, delay: i });
  await caughtUp();
});
afterAll(async () => {
  await opened.running.stop();
  opened.client.destroy();
  opened.redis.disconnect();
});

/** A clock on which minutes pass in seconds. */
function fastClock(speed: number): Clock {
  const startedAtMs = Date.now();
  return {
    nowMs: () => startedAtMs + (Date.now() - startedAtMs) * speed,
    sleep: (ms) => systemClock.sleep(ms / speed),
    random: () => Math.random(),
  };
}

function probed(view: CacheView, clock: Clock, forMs = 0): Promise<ProbeReport> {
  return probe({
    view,
    siblings: Object.values(views).filter((other) => other !== view && other.type === view.type),
    items: opened.items,
    cache: createProbedCache(opened.redis),
    clock,
    sampleSize: 400,
    searchesOwners: true,
    forMs,
    signal: new AbortController().signal,
  });
}

/** What is wrong by a report, each once. */
function found({ offenders }: ProbeReport) {
  return offenders.map(({ problem, key }) => `${problem} ${key.replaceAll(run, "")}`).sort();
}

describe("a probe beside a running pipeline", () => {
  test("G46: finds every view consistent within ten seconds while its source is written", async () => {
    let isWriting = true;
    const writing = (async () => {
      for (let i = 0; isWriting; i++) {
        const id = `f-${i % COUNT}`;
        await write({ id, origin: AIRPORTS[i % 3]!, delay: (i % 7 === 0 ? -1 : 1) * (i % 50) });
      }
    })();
    const reports = await Promise.all(
      Object.values(views).map((view) => probed(view as CacheView, systemClock, 3_000)),
    );
    isWriting = false;
    await writing;
    for (const report of reports) {
      expect(report).toMatchObject({ ok: true, unjudged: 0 });
      expect(report.within[1]).toMatchObject({ withinSeconds: 10, inconsistent: 0, share: 1 });
      expect(report.keys).toBeGreaterThanOrEqual(3);
    }
    expect(reports.find(({ view }) => view === "pulled")?.absent).toBeGreaterThan(COUNT / 2);
    await caughtUp();
  });

  test("G47: finds what a writer without versions does beside it, from either side, and says what it should be", async () => {
    const { redis, client } = opened;
    for (let i = 0; i < COUNT; i++)
      await write({ id: `f-${i}`, origin: AIRPORTS[i % 3]!, delay: i });
    await caughtUp();
    const before = (await redis.get(`card-${run}:f-1`)) ?? "";
    const secret = (await redis.get(`card-${run}:secret:f-2`)) ?? "";
    await write({ id: "f-1", origin: "JFK", delay: 100 });
    for (const id of ["f-2", "f-59"])
      await client.send(
        new DeleteItemCommand({ TableName: flights.table, Key: { id: { S: id } } }),
      );
    await caughtUp();
    // Old values, plain and with the version they had; a deleted item's entry; an eviction of something that has no end.
    await redis.set(`card-${run}:f-0`, JSON.stringify({ id: "f-0", delay: 0 }));
    await redis.set(`card-${run}:f-1`, before);
    await redis.set(`card-${run}:f-2`, before.replaceAll("f-1", "f-2"));
    await redis.set(`card-${run}:secret:f-2`, secret);
    await redis.del(`card-${run}:f-3`);
    await redis.hset(`hash-${run}:f-4`, "delay", "77");
    await redis.zadd(`worst-${run}:SFO`, 9, "f-57");
    await redis.zadd(`worst-${run}:ORD`, 999, "nobody");
    await redis.srem(`origins-${run}`, "SFO");
    await redis.sadd(`origins-${run}`, "LAX");
    await redis.lset(`newest-${run}:SFO`, 0, JSON.stringify({ id: "f-57", delay: 1 }));
    const clock = fastClock(60);
    const [card, secretly, hash, score, element, origin, pull] = await Promise.all(
      Object.values(views).map((view) => probed(view as CacheView, clock)),
    );
    // The copy of another item's entry names that one as its owner, which a fingerprint does not bear out.
    expect(found(card!)).toEqual([
      "different card-:f-1",
      "extra card-:f-2",
      "foreign card-:f-0",
      "missing card-:f-3",
    ]);
    expect(card!.offenders.find(({ problem }) => problem === "different")).toMatchObject({
      item: '["f-1"]',
      is: { id: "f-1", delay: 1 },
      shouldBe: { id: "f-1", delay: 100 },
      isRight: false,
    });
    expect(card!.ok).toBe(false);
    expect(card!.within.map(({ inconsistent }) => inconsistent)).toEqual([4, 4, 4]);
    expect(found(secretly!)).toEqual(["extra card-:secret:f-2"]);
    expect(found(hash!)).toEqual(["different hash-:f-4"]);
    expect(found(score!)).toEqual([
      'different ["worst-:SFO","f-57"]',
      'extra ["worst-:ORD","nobody"]',
    ]);
    expect(found(element!)).toEqual([`different ["newest-:SFO","[\\"f-57\\"]"]`]);
    expect(found(origin!)).toEqual(['extra ["origins-","LAX"]', 'missing ["origins-","SFO"]']);
    expect(pull).toMatchObject({ ok: true, offenders: [] });
  });
});
