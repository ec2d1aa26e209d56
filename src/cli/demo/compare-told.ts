import type { Redis } from "ioredis";

import type { Item } from "../../change/attribute-value.js";
import { parseExactJson } from "../../sink/redis/encode-entry.js";
import type { RedisClient } from "../../sink/redis/send-scripts.js";
import type { CacheView } from "../../view/cache-view.js";
import { parseMemberKey } from "../../view/member-key.js";
import { type Row, sameValue } from "../../view/row.js";
import type { Comparison } from "./compare-views.js";

/**
 * Compares what streams tell with what the items of the source are now: the last message about each has to say it, and
 * each has to be told of, as far as a stream of about `maxLength` messages can hold that.
 *
 * @param derived what the items derive, as it is read back.
 */
export async function compareTold(
  redis: RedisClient,
  view: CacheView,
  derived: readonly Row[],
): Promise<Comparison> {
  const wanted = new Map(derived.map(({ key, value }) => [key, value]));
  const streams = new Set([...wanted.keys()].map((key) => parseMemberKey(key).collection));
  let [missing, extra, different] = [0, 0, 0];
  for (const stream of streams) {
    const told = await lastTold(redis, stream);
    const mine = [...wanted].filter(([key]) => parseMemberKey(key).collection === stream);
    for (const [member, last] of told) {
      const value = wanted.get(JSON.stringify([stream, member]));
      if (value === undefined ? last !== undefined : last === undefined) extra++;
      else if (value !== undefined && !sameValue(value, last)) different++;
    }
    missing += Math.max(0, Math.min(mine.length, view.maxLength) - told.size);
  }
  return { view: view.name, sink: "redis", rows: wanted.size, missing, extra, different };
}

/** The last message about each member: its value, or nothing where it told that it is gone. */
async function lastTold(
  redis: RedisClient,
  stream: string,
): Promise<ReadonlyMap<string, Item | undefined>> {
  const last = new Map<string, Item | undefined>();
  for (const [, fields] of await (redis as Redis).xrange(stream, "-", "+")) {
    const [, change, , member = "", , , , value = "{}"] = fields;
    last.set(member, change === "put" ? parseExactJson(value) : undefined);
  }
  return last;
}
