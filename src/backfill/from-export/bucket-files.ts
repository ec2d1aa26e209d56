import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";

import {
  GetObjectCommand,
  NoSuchKey,
  paginateListObjectsV2,
  type S3Client,
} from "@aws-sdk/client-s3";

import { configurationError, messageOf, MillraceError } from "../../errors.js";
import type { ExportFiles } from "./export-files.js";

/** An export in S3. */
export interface BucketFiles extends ExportFiles {
  /** Removes what was copied and not released. */
  close(): Promise<void>;
}

const LOCATION = /^s3:\/\/([^/]+)\/?(.*?)\/*$/;

/**
 * The files of an export below `s3://bucket/prefix`. Methods reject with `unavailable`, which a second start may mend.
 *
 * @throws `configuration` where the location names no bucket.
 */
export function bucketFiles(location: string, client: S3Client): BucketFiles {
  const [, Bucket, prefix = ""] = LOCATION.exec(location) ?? [];
  if (Bucket === undefined)
    throw configurationError("backfill", [
      `--from-export is ${location}, which names no bucket; write it like s3://bucket/prefix`,
    ]);
  const keyOf = (path: string) => [prefix, path].filter((part) => part !== "").join("/");
  let folder: Promise<string> | undefined;

  async function open(path: string): Promise<Readable | undefined> {
    const Key = keyOf(path);
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return Body as Readable | undefined;
    } catch (thrown) {
      if (thrown instanceof NoSuchKey) return undefined;
      throw unavailable(Key, thrown);
    }
  }

  function unavailable(key: string, cause: unknown): MillraceError {
    const message = `s3://${Bucket}/${key}: ${messageOf(cause)}`;
    return new MillraceError("unavailable", message, { cause });
  }

  return {
    location,
    async read(path) {
      const body = await open(path);
      return body && text(body);
    },
    async folders(path) {
      const key = keyOf(path);
      const Prefix = key === "" ? "" : `${key}/`;
      const names: string[] = [];
      try {
        const pages = paginateListObjectsV2({ client }, { Bucket, Prefix, Delimiter: "/" });
        for await (const { CommonPrefixes = [] } of pages)
          for (const each of CommonPrefixes) names.push(basename(each.Prefix ?? ""));
      } catch (thrown) {
        throw unavailable(Prefix, thrown);
      }
      return names;
    },
    async fetch(path) {
      folder ??= mkdtemp(join(tmpdir(), "millrace-export-"));
      const copy = join(await folder, basename(path));
      const body = await open(path);
      if (!body) throw unavailable(keyOf(path), "there is no such object");
      try {
        await pipeline(body, createWriteStream(copy));
      } catch (thrown) {
        throw unavailable(keyOf(path), thrown);
      }
      return { path: copy, release: () => rm(copy, { force: true }) };
    },
    async close() {
      if (folder) await rm(await folder, { recursive: true, force: true });
    },
  };
}
