import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

import type { Item } from "../../src/change/attribute-value.js";
import { encodeItem } from "../../src/change/encode-item.js";

/** What {@link exportFiles} takes. */
export interface ExportOptions {
  readonly table: string;
  readonly atMs: number;
  /** Items of each data file. */
  readonly files: readonly (readonly Item[])[];
  /** What the summary is to say otherwise. */
  readonly summary?: Readonly<Record<string, unknown>>;
  /** The text of a data file, where that is to be another. */
  readonly text?: (text: string, file: number) => string;
}

/** The id of exports made here, which names their folder. */
export const EXPORT_ID = "01693685827463-2d8752fd";

/** The files of a full export as DynamoDB writes it, by path. */
export function exportFiles(options: ExportOptions): ReadonlyMap<string, Buffer> {
  const { table, atMs, files, summary, text = (same) => same } = options;
  const tableArn = `arn:aws:dynamodb:us-east-1:123456789012:table/${table}`;
  const folder = `AWSDynamoDB/${EXPORT_ID}`;
  const written = new Map<string, Buffer>();
  const manifest = files.map((items, i) => {
    const lines = items.map((item) => `${JSON.stringify({ Item: encodeItem(item) }, inBase64)}\n`);
    const body = gzipSync(text(lines.join(""), i));
    const key = `${folder}/data/file${i}.json.gz`;
    written.set(key, body);
    const md5 = createHash("md5").update(body).digest("base64");
    return { itemCount: items.length, md5Checksum: md5, etag: `${i}-1`, dataFileS3Key: key };
  });
  const told = {
    version: "2023-08-01",
    exportArn: `${tableArn}/export/${EXPORT_ID}`,
    startTime: new Date(atMs).toISOString(),
    endTime: new Date(atMs + 60_000).toISOString(),
    tableArn,
    tableId: "12345a12-abcd-123a-ab12-1234abc12345",
    exportTime: new Date(atMs).toISOString(),
    s3Bucket: "exports",
    s3Prefix: null,
    manifestFilesS3Key: `${folder}/manifest-files.json`,
    billedSizeBytes: 0,
    itemCount: files.flat().length,
    outputFormat: "DYNAMODB_JSON",
    exportType: "FULL_EXPORT",
    ...summary,
  };
  written.set(`${folder}/manifest-summary.json`, Buffer.from(JSON.stringify(told)));
  const lines = manifest.map((entry) => `${JSON.stringify(entry)}\n`);
  written.set(`${folder}/manifest-files.json`, Buffer.from(lines.join("")));
  return written;
}

/** Writes files of an export into a folder, and answers with the folder. */
export function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): string {
  for (const [path, body] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), body);
  }
  return folder;
}

/** Binary is base64 in an export. Buffers would have told otherwise before they come here; these are none. */
function inBase64(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value;
}
