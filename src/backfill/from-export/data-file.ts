import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";

import type { Item, WireItem } from "../../change/attribute-value.js";
import { decodeImage } from "../../change/decode-record.js";
import { keyText } from "../../change/item-key.js";
import { messageOf, MillraceError } from "../../errors.js";
import type { ViewSource } from "../../view/view.js";
import type { ExportFiles } from "./export-files.js";
import type { DataFile } from "./export-manifest.js";

/** One line of a data file. */
export interface ExportedLine {
  /** From 1 on. */
  readonly line: number;
  readonly bytes: number;
  readonly owner: string;
  /** Absent for what is no item of the source: a row that is a tombstone. */
  readonly item?: Item;
}

/**
 * The items of a data file from a line on, the file having been checked whole before the first of them.
 *
 * Rejects with `malformed-record` where the file is not what the manifest says, or a line is no item, and with
 * `configuration` where its key is not the source's; each names file and line.
 */
export async function* readDataFile(
  files: ExportFiles,
  { path, items, md5 }: DataFile,
  source: ViewSource,
  afterLine: number,
): AsyncGenerator<ExportedLine> {
  const name = `${files.location}/${path}`;
  const file = await files.fetch(path);
  try {
    if (md5 !== undefined) await checkSum(name, file.path, md5);
    let line = 0;
    for await (const text of linesOf(name, file.path)) {
      if (++line > afterLine)
        yield { line, bytes: text.length, ...decodeLine(name, line, text, source) };
    }
    if (line !== items) throw damaged(name, `it has ${line} items, and the manifest says ${items}`);
  } finally {
    await file.release();
  }
}

async function checkSum(name: string, path: string, md5: string): Promise<void> {
  const hash = createHash("md5");
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch (thrown) {
    throw damaged(name, messageOf(thrown), thrown);
  }
  const found = hash.digest("base64");
  if (found !== md5)
    throw damaged(name, `its MD5 checksum is ${found}, and the manifest says ${md5}`);
}

async function* linesOf(name: string, path: string): AsyncGenerator<string> {
  // What goes wrong on the way ends the reading below.
  const text = pipeline(createReadStream(path), createGunzip(), () => undefined);
  text.setEncoding("utf8");
  let rest = "";
  try {
    for await (const chunk of text) {
      const lines = (chunk as string).split("\n");
      lines[0] = rest + (lines[0] ?? "");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield line;
    }
  } catch (thrown) {
    throw damaged(name, messageOf(thrown), thrown);
  }
  if (rest !== "") yield rest;
}

function decodeLine(
  name: string,
  line: number,
  text: string,
  source: ViewSource,
): Pick<ExportedLine, "owner" | "item"> {
  let wire: WireItem;
  let item: Item | undefined;
  try {
    ({ Item: wire } = JSON.parse(text) as { Item: WireItem });
    item = decodeImage(wire);
  } catch (thrown) {
    throw damaged(`${name}, line ${line}`, `it is no {"Item":{…}}: ${messageOf(thrown)}`, thrown);
  }
  const wrong = source.key.find(
    ({ name: attribute, type }) => wire[attribute]?.[type] === undefined,
  );
  if (wrong)
    throw new MillraceError(
      "configuration",
      `${name}, line ${line}: key attribute "${wrong.name}" of type ${wrong.type} is ${JSON.stringify(wire[wrong.name]) ?? "missing"}; ` +
        `declare source "${source.table}" with the key its table has, or name an export of that table`,
    );
  if (!item) return { owner: "" };
  const names = source.key.map((attribute) => attribute.name);
  return { owner: keyText(names, item), item };
}

function damaged(name: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError(
    "malformed-record",
    `${name}: ${why}; copy the export again, or request another`,
    { cause },
  );
}
