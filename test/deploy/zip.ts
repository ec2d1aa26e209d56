import { inflateRawSync } from "node:zlib";

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY_BYTES = 46;
const LOCAL_HEADER_BYTES = 30;

/**
 * The files of a zip archive, by path: plain and deflated entries, as packagers write them.
 *
 * Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZip(zip: Buffer): ReadonlyMap<string, Buffer> {
  const end = zip.lastIndexOf(Buffer.from(Uint32Array.of(END_OF_DIRECTORY).buffer));
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let entries = zip.readUInt16LE(end + 10); entries > 0; entries--) {
    const isDeflated = zip.readUInt16LE(at + 10) !== 0;
    const bytes = zip.readUInt32LE(at + 20);
    const nameBytes = zip.readUInt16LE(at + 28);
    const restBytes = zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    const header = zip.readUInt32LE(at + 42);
    const nameAt = at + DIRECTORY_ENTRY_BYTES;
    const name = zip.toString("utf8", nameAt, nameAt + nameBytes);
    const dataAt =
      header + LOCAL_HEADER_BYTES + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
    const data = zip.subarray(dataAt, dataAt + bytes);
    files.set(name, isDeflated ? inflateRawSync(data) : data);
    at = nameAt + nameBytes + restBytes;
  }
  return files;
}
