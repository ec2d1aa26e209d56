import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

import { type BucketFiles, bucketFiles } from "../../../src/backfill/from-export/bucket-files.js";
import { readManifest } from "../../../src/backfill/from-export/export-manifest.js";
import { exportedPages } from "../../../src/backfill/from-export/export-pages.js";
import { source } from "../../../src/view/source.js";
import { serveObjects } from "../../support/serve-objects.js";
import { EXPORT_ID, exportFiles } from "../../support/write-export.js";

const things = source<{ id: string }>({ table: "things", key: ["id"] });
const items = [0, 1, 2].map((n) => ({ id: `t-${n}` }));
const written = exportFiles({ table: "things", atMs: Date.UTC(2026, 0, 5), files: [items] });

describe("an export in S3", () => {
  const opened = {} as { server: Server; client: S3Client };
  const inBucket = (location: string): BucketFiles => bucketFiles(location, opened.client);

  beforeAll(async () => {
    const objects = new Map<string, Buffer>();
    for (const [path, body] of written) objects.set(`exports/daily/${path}`, body);
    opened.server = createServer(serveObjects(objects));
    await new Promise<void>((resolve) => opened.server.listen(0, "127.0.0.1", resolve));
    opened.client = new S3Client({
      endpoint: `http://127.0.0.1:${(opened.server.address() as AddressInfo).port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts: 1,
    });
  });
  afterAll(async () => {
    opened.client.destroy();
    await new Promise((resolve) => opened.server.close(resolve));
  });

  test("is found below the prefix, and read through copies that are removed", async () => {
    const files = inBucket("s3://exports/daily/");
    const manifest = await readManifest(files);
    expect(manifest.files).toMatchObject([{ path: `AWSDynamoDB/${EXPORT_ID}/data/file0.json.gz` }]);
    const owners: string[] = [];
    const options = { source: things, pageItems: 2 };
    for await (const page of exportedPages({ files, manifest }, options).pages(0, 1))
      owners.push(...page.owners);
    expect(owners).toEqual(['["t-0"]', '["t-1"]', '["t-2"]']);
    const path = manifest.files[0]?.path ?? "";
    const copy = await files.fetch(path);
    expect(readFileSync(copy.path)).toEqual(written.get(path));
    await copy.release();
    expect(existsSync(copy.path)).toBe(false);
    const kept = await files.fetch(path);
    await files.close();
    expect(existsSync(kept.path)).toBe(false);
  });

  test("its own folder will do, and what is not there is told", async () => {
    const own = inBucket(`s3://exports/daily/AWSDynamoDB/${EXPORT_ID}`);
    expect((await readManifest(own)).files).toMatchObject([{ path: "data/file0.json.gz" }]);
    await expect(readManifest(inBucket("s3://exports/nightly"))).rejects.toThrow(
      /there is no manifest-summary.json in s3:\/\/exports\/nightly/,
    );
    await expect(own.fetch("data/gone.json.gz")).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("s3://exports/daily/AWSDynamoDB/"),
    });
    await own.close();
  });

  test("a bucket that is not named or not allowed is told", async () => {
    expect(() => inBucket("s3://")).toThrow(/names no bucket; write it like s3:\/\/bucket\/prefix/);
    await expect(readManifest(inBucket("s3://secrets"))).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(/^s3:\/\/secrets\/manifest-summary.json: .*Access Denied/),
    });
  });
});
