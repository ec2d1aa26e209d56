import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A line of a partition: first what it is partitioned by, then whatever belongs to it. */
export type Line = readonly [by: string, ...rest: string[]];

/** Lines put aside by a hash, so that those that belong together come back together, some at a time. */
export interface Partitions {
  write(line: Line): Promise<void>;
  /** One partition's lines after the other's; nothing is written any more. */
  read(): AsyncIterable<readonly Line[]>;
}

const COUNT = 64;
const BUFFER_CHARACTERS = 64 * 1024;
/** What is joined in memory at a time; a partition that is larger is cut up again. */
const MOST_BYTES = 24 * 1024 * 1024;
const MOST_CUTS = 4;

/** Partitions in files of a folder, which is made, and removed again once they are read. */
export function createFilePartitions(folder: string, mostBytes = MOST_BYTES): Partitions {
  return filePartitions(folder, mostBytes, 0);
}

function filePartitions(folder: string, mostBytes: number, cut: number): Partitions {
  const buffers = Array.from({ length: COUNT }, () => "");
  const fileOf = (i: number) => join(folder, `${i}.jsonl`);
  const made = new Set<number>();

  async function flush(i: number): Promise<void> {
    const text = buffers[i] as string;
    if (text === "") return;
    buffers[i] = "";
    if (made.size === 0) await mkdir(folder, { recursive: true });
    made.add(i);
    await appendFile(fileOf(i), text);
  }

  return {
    async write(line) {
      const i = bucketOf(line[0], cut);
      buffers[i] += `${JSON.stringify(line)}\n`;
      if ((buffers[i] as string).length > BUFFER_CHARACTERS) await flush(i);
    },
    async *read() {
      try {
        for (let i = 0; i < COUNT; i++) await flush(i);
        for (const i of made) {
          const { size } = await stat(fileOf(i));
          if (size <= mostBytes || cut === MOST_CUTS) {
            const lines: Line[] = [];
            for await (const line of linesOf(fileOf(i))) lines.push(line);
            yield lines;
          } else {
            const smaller = filePartitions(join(folder, String(i)), mostBytes, cut + 1);
            for await (const line of linesOf(fileOf(i))) await smaller.write(line);
            yield* smaller.read();
          }
          await rm(fileOf(i), { force: true });
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Partitions in memory: one, with everything in it. */
export function createMemoryPartitions(): Partitions {
  const lines: Line[] = [];
  return {
    async write(line) {
      lines.push(line);
    },
    async *read() {
      yield lines;
    },
  };
}

/** A share of 0 to below 1 that follows from a key. */
export function shareOf(key: string): number {
  return createHash("sha256").update(key).digest().readUInt32BE(4) / 2 ** 32;
}

function bucketOf(key: string, cut: number): number {
  return (createHash("sha256").update(`${cut} ${key}`).digest()[0] as number) % COUNT;
}

async function* linesOf(file: string): AsyncGenerator<Line> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  for await (const line of lines) yield JSON.parse(line);
}
