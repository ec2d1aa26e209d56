import { decodeItem, type WireItem } from "../../change/attribute-value.js";
import { keyText } from "../../change/item-key.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import {
  decodeContribution,
  groupInWorkings,
  isContribution,
  workingsPart,
} from "../../sink/aggregate/workings.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import type { Extent } from "../find-suspects.js";
import { type Line, shareOf } from "../partitions.js";
import type { VerifyPorts } from "../ports.js";
import { rowDigest, seenRow, wantedRow } from "./group-row.js";
import {
  addCounter,
  addEncoded,
  contributionLines,
  emptyGroup,
  encodeSums,
  type GroupLine,
  type GroupSums,
  missingOf,
  workingsLine,
} from "./sums.js";

/** A group that did not add up when it was read in passing. */
export interface GroupSuspect {
  readonly view: AggregateView;
  /** The group within the keys of workings. */
  readonly group: string;
  /** Its key text, where it is known in full. */
  readonly text: string;
}

/**
 * Adds up stored contributions by group, in passing and in little memory, and compares with counters, entries, counts of
 * values and rows.
 */
export async function findGroupSuspects(
  ports: VerifyPorts,
  views: readonly AggregateView[],
  extent: Extent,
): Promise<readonly GroupSuspect[]> {
  const suspects: GroupSuspect[] = [];
  for (const view of views) {
    const partitions = ports.partitions(`${view.name}-groups`);
    const write = async (line: Line) => {
      if (shareOf(line[0]) < extent.share) await partitions.write(line);
    };
    let read = 0;
    const told = () => ++read % 100 === 0 && extent.onRead(100);
    for await (const wire of ports.store.scan(view.workingsTable)) {
      for (const line of linesOf(view, wire)) await write(line);
      told();
    }
    for await (const wire of ports.store.scan(view.table)) {
      await write(rowLine(view, wire));
      told();
    }
    extent.onRead(read % 100);
    for await (const lines of partitions.read())
      suspects.push(...(await compare(ports, view, lines)));
  }
  return suspects;
}

function linesOf(view: AggregateView, wire: WireItem): readonly Line[] {
  if (isContribution(wire))
    return contributionLines(view, wire, decodeContribution(wire)).map(sumsLine);
  const line = workingsLine(view, wire);
  const part = workingsPart(view, wire);
  if (!line) return [];
  // A counter is kept whole, since the row is made of it.
  return part.type === "counter"
    ? [sumsLine(line), [line.group, "counter", String(part.n), JSON.stringify(wire)]]
    : [sumsLine(line)];
}

function sumsLine(line: GroupLine): Line {
  const sums = emptyGroup();
  line.add(sums);
  return [line.group, "sums", sums.text ?? "", encodeSums(sums.wanted), encodeSums(sums.held)];
}

function rowLine(view: AggregateView, wire: WireItem): Line {
  const text = rowText(view, wire);
  const { held } = emptyGroup();
  if (isDirect(view)) addCounter(view, held, wire);
  return [groupInWorkings(text), "row", text, seenRow(wire), encodeSums(held)];
}

function rowText(view: AggregateView, wire: WireItem): string {
  const names = view.key.map(({ name }) => name);
  return keyText(
    names,
    decodeItem(Object.fromEntries(names.map((name) => [name, wire[name]])) as WireItem),
  );
}

interface Gathered {
  readonly sums: GroupSums;
  readonly counters: (WireItem | undefined)[];
  row: { readonly digest: string } | undefined;
}

async function compare(
  ports: VerifyPorts,
  view: AggregateView,
  lines: readonly Line[],
): Promise<readonly GroupSuspect[]> {
  const groups = new Map<string, Gathered>();
  for (const line of lines) gather(groups, line);
  const suspects: GroupSuspect[] = [];
  for (const [group, each] of groups) {
    const { sums, counters } = each;
    const text = sums.text ?? group;
    // A long key that only its workings are left of is cut short there, and tells no row.
    if (!isKey(view, text)) continue;
    const isWrong =
      sums.wanted.entries !== sums.held.entries ||
      sums.wanted.values !== sums.held.values ||
      Object.keys(missingOf(view, sums)).length > 0 ||
      (!isDirect(view) && (await rowDiffers(ports, view, text, counters, each.row?.digest ?? "")));
    if (isWrong) suspects.push({ view, group, text });
  }
  return suspects;
}

function isKey(view: AggregateView, text: string): boolean {
  try {
    return Object.keys(decodeKey(view.key, text)).length > 0;
  } catch {
    return false;
  }
}

async function rowDiffers(
  { store }: VerifyPorts,
  view: AggregateView,
  text: string,
  counters: readonly (WireItem | undefined)[],
  digest: string,
): Promise<boolean> {
  return rowDigest(await wantedRow(store, view, text, { counters, row: undefined })) !== digest;
}

function gather(groups: Map<string, Gathered>, line: Line): void {
  const [group, kind, first = "", second = "", third = ""] = line;
  const known = groups.get(group) ?? { sums: emptyGroup(), counters: [], row: undefined };
  groups.set(group, known);
  const { sums } = known;
  if (kind === "counter") {
    known.counters[Number(first)] = JSON.parse(second) as WireItem;
    return;
  }
  if (first !== "") sums.text = first;
  if (kind === "row") {
    known.row = { digest: second };
    addEncoded(sums.held, third);
  } else {
    addEncoded(sums.wanted, second);
    addEncoded(sums.held, third);
  }
}
