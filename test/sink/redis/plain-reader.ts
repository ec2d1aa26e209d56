import type { Cluster, Redis } from "ioredis";

import { parseExactJson } from "../../../src/sink/redis/encode-entry.js";
import type { CacheView } from "../../../src/view/cache-view.js";

/** What somebody who knows nothing of Millrace reads under a collection's key. */
export async function plainly(
  redis: Redis | Cluster,
  { type }: CacheView,
  key: string,
): Promise<readonly unknown[]> {
  if (type === "set") return (await redis.smembers(key)).sort();
  if (type === "list") return (await redis.lrange(key, 0, -1)).map(parseExactJson);
  return redis.zrevrange(key, 0, -1, "WITHSCORES");
}
