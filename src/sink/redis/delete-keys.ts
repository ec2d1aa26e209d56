import { Cluster } from "ioredis";

import { classifyRedisError } from "./classify-error.js";
import type { RedisClient } from "./send-scripts.js";

/** Deletes every key that begins so, with what is kept beside it; a page at a time, so that nobody waits. */
export async function deleteKeys(redis: RedisClient, prefix: string): Promise<void> {
  try {
    // A connection is made by the first command, and only then are a cluster's nodes known.
    await redis.ping();
    const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
    for (const node of nodes) {
      const match = `*${prefix.replace(/[\\*?[\]]/g, "\\$&")}*`;
      for await (const page of node.scanStream({ match, count: 1_000 })) {
        for (const key of page as string[]) if (isOf(key, prefix)) await redis.unlink(key);
      }
    }
  } catch (thrown) {
    throw classifyRedisError(thrown, `${prefix}*`);
  }
}

/** What is kept beside a key without a hash tag is named `{key}:note`. */
function isOf(key: string, prefix: string): boolean {
  return key.startsWith(prefix) || key.startsWith(`{${prefix}`);
}
