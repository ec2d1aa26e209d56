import { expect, test } from "@jest/globals";

import type { Item } from "../../../src/change/attribute-value.js";
import { compareTold } from "../../../src/cli/demo/compare-told.js";
import { createRedisSink } from "../../../src/sink/redis/redis-sink.js";
import { type CacheView, cacheView } from "../../../src/view/cache-view.js";
import type { Mutation } from "../../../src/view/row.js";
import { source } from "../../../src/view/source.js";
import { freshId, version } from "../../sink/contract/subject.js";
import { testRedis } from "../../support/endpoints.js";

const run = freshId();
const items = source<{ id: string; n: number }>({ table: "items", key: ["id"] });
const news: CacheView = cacheView({
  name: "news",
  source: items,
  type: "stream",
  key: () => `news-${run}`,
  maxLength: 1_000,
});

function told(type: "put" | "delete", item: Item, n: number): Mutation<CacheView> {
  const [row] = news.rowsOf(item);
  return {
    ...{ type, view: news, key: row!.key, value: item, version: version(n) },
    ...{ owner: String(item["id"]), changedAtSeconds: 1_800_000_000 },
  };
}

test("what a stream told last has to be what its items are, and all of them have to be told of", async () => {
  const redis = testRedis();
  const sink = createRedisSink({ redis });
  const [a, b, c] = ["a", "b", "c"].map((id) => ({ id, n: 1 }));
  for (const mutation of [
    told("put", { ...a!, n: 0 }, 1),
    told("put", a!, 2),
    told("put", b!, 3),
    told("put", c!, 4),
    told("delete", c!, 5),
  ])
    // prettier-ignore
    await sink.apply([mutation]);
  const compare = (...now: Item[]) =>
    compareTold(redis, news, now.flatMap((item) => news.rowsOf(item))); // prettier-ignore
  const right = { rows: 2, missing: 0, extra: 0, different: 0 };
  expect(await compare(a!, b!)).toMatchObject(right);
  expect(await compare(a!, { ...b!, n: 7 })).toMatchObject({ ...right, different: 1 });
  expect(await compare(a!)).toMatchObject({ rows: 1, extra: 1 });
  expect(await compare(a!, b!, c!)).toMatchObject({ rows: 3, extra: 1 });
  const unheard = [{ id: "d", n: 1 }, { id: "e", n: 1 }]; // prettier-ignore
  expect(await compare(a!, b!, ...unheard)).toMatchObject({ rows: 4, missing: 1 });
  await sink.close();
});
