import { Cluster } from "ioredis";

import { classifyRedisError } from "../sink/redis/classify-error.js";
import type { RedisClient } from "../sink/redis/send-scripts.js";
import type { CacheView } from "../view/cache-view.js";
import { type Place, readContents } from "./cache-contents.js";
import { type CacheSample, type Candidate, sampleCache } from "./cache-sample.js";
import type { Content } from "./content.js";

/** The cache as a probe sees it. Methods reject with `unavailable` where it does not answer. */
export interface ProbedCache {
  /** What readers find at these places. */
  read(view: CacheView, places: readonly Place[]): Promise<readonly Content[]>;
  /** Rows of a view chosen by chance among what is there. */
  sample(sample: CacheSample): Promise<readonly Candidate[]>;
  /** Whether any key may be evicted, also one that has no end. */
  evictsAnything(): Promise<boolean>;
}

/** Keys read at a time. */
const CHUNK = 200;

/** A Redis or Valkey, or a cluster, as a probe sees it. It is not closed. */
export function createProbedCache(redis: RedisClient): ProbedCache {
  async function answered<T>(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (thrown) {
      throw classifyRedisError(thrown, key);
    }
  }
  return {
    async read(view, places) {
      const contents: Content[] = [];
      for (let from = 0; from < places.length; from += CHUNK) {
        const some = places.slice(from, from + CHUNK);
        contents.push(...(await answered(view.name, () => readContents(redis, view, some))));
      }
      return contents;
    },
    sample: (sample) => answered(sample.view.name, () => sampleCache(redis, sample)),
    evictsAnything: () =>
      answered("INFO", async () => {
        const nodes = redis instanceof Cluster ? redis.nodes("master") : [redis];
        const infos = await Promise.all(nodes.map((node) => node.info("memory")));
        return infos.some((info) => /^maxmemory:[1-9]/m.test(info) && /allkeys/.test(info));
      }),
  };
}
