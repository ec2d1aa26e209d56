import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { MillraceError } from "../../errors.js";
import type { ShardPositions } from "./shard-graph.js";

/** Remembers how far a mapping came; what it was told is still there after a crash. */
export interface CheckpointStore {
  load(mapping: string): Promise<ShardPositions>;
  /** Durable when it resolves. */
  save(mapping: string, positions: ShardPositions): Promise<void>;
}

/** Remembers for as long as the process lives. */
export function createMemoryCheckpoints(): CheckpointStore {
  const saved = new Map<string, ShardPositions>();
  return {
    load: async (mapping) => saved.get(mapping) ?? {},
    save: async (mapping, positions) => void saved.set(mapping, positions),
  };
}

/**
 * Remembers in a JSON file, replaced as a whole by a rename, so that a crash leaves the old one or the new one.
 *
 * @throws `configuration` when the file is there and is not one of ours.
 */
export function createFileCheckpoints(file: string): CheckpointStore {
  mkdirSync(dirname(file), { recursive: true });
  const all = new Map(Object.entries(readFile(file)));
  return {
    load: async (mapping) => all.get(mapping) ?? {},
    save: async (mapping, positions) => {
      all.set(mapping, positions);
      // Synchronous and without fsync: it survives kill -9 of the process, which is what a laptop needs.
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(all), null, 1));
      renameSync(`${file}.new`, file);
    },
  };
}

function readFile(file: string): Record<string, ShardPositions> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, ShardPositions>;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw new MillraceError(
      "configuration",
      `${file} holds no checkpoints; delete it to start from the beginning of the stream`,
      { cause },
    );
  }
}
