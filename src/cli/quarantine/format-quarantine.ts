import { inspect } from "node:util";

import pc from "picocolors";

import { decodeItem, type WireItem } from "../../change/attribute-value.js";
import type { StreamRecord } from "../../change/decode-record.js";
import type { QuarantineEntry } from "../../state/quarantine.js";
import { formatTable } from "../format-table.js";
import type { QuarantineGroup } from "./group-summaries.js";

/** Groups as a table, each with an example on a line of its own that is no wider than asked. */
export function formatGroups(groups: readonly QuarantineGroup[], width: number): string {
  const header = ["view", "error", "items", "changes", "first", "last"];
  const rows = groups.map(({ view, error, items, changes, firstAtMs, lastAtMs }) => [
    ...[view, error, items, changes],
    ...[minuteOf(firstAtMs), minuteOf(lastAtMs)],
  ]);
  const [first = "", ...lines] = formatTable(header, rows).split("\n");
  const examples = groups.map(({ example: { key, message } }) =>
    pc.dim(clipped(`  ${key}  ${message}`, width)),
  );
  return [first, ...lines.flatMap((line, i) => [line, examples[i] ?? ""])].join("\n");
}

/** An entry whole: what it is about, the error with its stack, and every record. */
export function formatEntry(entry: QuarantineEntry): string {
  const { view, source, itemKey, position, records, error, parkedAtMs } = entry;
  return [
    pc.bold(`${view}  ${itemKey}`),
    `source    ${source}`,
    `parked    ${new Date(parkedAtMs).toISOString()}`,
    `position  ${position}`,
    `error     ${pc.red(error.code)}  ${error.message}`,
    ...(error.stack === undefined ? [] : [pc.dim(indented(error.stack))]),
    ...records.map(formatRecord),
    ...(records.length === 0 ? ["no records: the item itself says what its rows are"] : []),
  ].join("\n");
}

function formatRecord({ eventName, dynamodb, ...rest }: StreamRecord): string {
  const time = dynamodb?.ApproximateCreationDateTime;
  const at = time instanceof Date ? time.getTime() : (time ?? 0) * 1000;
  const title = `${eventName ?? "?"}  ${dynamodb?.SequenceNumber ?? "?"}  ${new Date(at).toISOString()}`;
  try {
    const images = (["OldImage", "NewImage"] as const).flatMap((name) => {
      const image = dynamodb?.[name];
      const label = name === "OldImage" ? "old" : "new";
      return image === undefined ? [] : [indented(`${label}  ${plain(decodeItem(image))}`)];
    });
    const keys = decodeItem(dynamodb?.Keys as WireItem);
    return [title, ...(images.length > 0 ? images : [indented(`key  ${plain(keys)}`)])].join("\n");
  } catch {
    // It may be here because it cannot be decoded.
    return `${title}\n${indented(plain({ eventName, dynamodb, ...rest }))}`;
  }
}

function plain(value: unknown): string {
  return inspect(value, { depth: null, breakLength: 100, maxArrayLength: null, colors: false });
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}

/** Unix milliseconds to the minute, in UTC. */
function minuteOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}

/** The first line of a text, cut to a width. */
export function clipped(text: string, width: number): string {
  const [line = ""] = text.split("\n");
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}

/** So many items, in words. */
export function itemsOf(count: number): string {
  return count === 1 ? "1 item" : `${count} items`;
}
