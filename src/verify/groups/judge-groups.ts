import type { WireItem } from "../../change/attribute-value.js";
import { decodeItem } from "../../change/attribute-value.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import {
  counterPlace,
  decodeContribution,
  isContribution,
  rowPlace,
} from "../../sink/aggregate/workings.js";
import { type AggregateView, isDirect } from "../../view/aggregate/aggregate-view.js";
import { canonicalText } from "../../view/canonical-text.js";
import { brief } from "../observe.js";
import type { VerifyPorts } from "../ports.js";
import type { GroupSuspect } from "./find-groups.js";
import { rowDigest, seenRow, type StoredGroupParts, wantedRow } from "./group-row.js";
import {
  addCounter,
  contributionLines,
  emptyGroup,
  type GroupSums,
  missingOf,
  workingsLine,
} from "./sums.js";

/** A group as it was for as long as one look at it took. */
export interface GroupLook {
  readonly suspect: GroupSuspect;
  readonly sums: GroupSums;
  readonly parts: StoredGroupParts;
  /** Counters, row and contributions, as one text. */
  readonly seen: string;
  /** Empty where it adds up. */
  readonly wrong: string;
  /** All that was seen, as one text. */
  readonly state: string;
}

/** A group that does not add up. */
export interface AccusedGroup extends GroupSuspect {
  readonly reason: string;
  readonly look: GroupLook;
}

const SAME_LOOKS = 3;
const MOST_LOOKS = 7;

/**
 * Looks at groups until each adds up, is accused, or is given up as busy.
 *
 * A look reads the counters, then all contributions, then the counters again: where they are the same, nothing changed in
 * the group meanwhile, since every change of it leaves a mark there. The rows of a view that only counts have no mark;
 * they, too, are accused only after three looks in a row saw the very same contributions and rows.
 */
export async function judgeGroups(
  ports: VerifyPorts,
  suspects: readonly GroupSuspect[],
  pauseMs: () => Promise<number>,
): Promise<{ readonly accused: readonly AccusedGroup[]; readonly busy: readonly GroupSuspect[] }> {
  const accused: AccusedGroup[] = [];
  const seen = new Map<GroupSuspect, { state: string; looks: number }>();
  let open = suspects;
  for (let look = 1; look <= MOST_LOOKS && open.length > 0; look++) {
    if (look > 1) await ports.sleep(await pauseMs());
    const still: GroupSuspect[] = [];
    const answers = await lookAt(ports, open);
    for (const suspect of open) {
      const answer = answers.get(suspect);
      if (answer?.wrong === "") continue;
      const before = seen.get(suspect);
      const looks = answer && before?.state === answer.state ? before.looks + 1 : 1;
      seen.set(suspect, { state: answer?.state ?? "", looks });
      if (answer && looks >= SAME_LOOKS)
        accused.push({ ...suspect, reason: answer.wrong, look: answer });
      else still.push(suspect);
    }
    open = still;
  }
  return { accused, busy: open };
}

/** Looks at groups once; those that changed meanwhile are left out. */
export async function lookAt(
  ports: VerifyPorts,
  suspects: readonly GroupSuspect[],
  inDetail = false,
): Promise<ReadonlyMap<GroupSuspect, GroupLook>> {
  const looks = new Map<GroupSuspect, GroupLook>();
  for (const view of new Set(suspects.map((suspect) => suspect.view))) {
    const own = suspects.filter((suspect) => suspect.view === view);
    const before = await Promise.all(own.map((suspect) => readParts(ports, suspect)));
    const sums = await addUp(ports, view, own, inDetail);
    for (const [i, suspect] of own.entries()) {
      const look = await lookOf(ports, suspect, before[i], sums.get(suspect.group));
      const after = await readParts(ports, suspect);
      if (look && textOf(before[i]) === textOf(after)) looks.set(suspect, look);
    }
  }
  return looks;
}

async function readParts(
  { store }: VerifyPorts,
  { view, group, text }: GroupSuspect,
): Promise<StoredGroupParts> {
  const row = rowPlace(view, decodeItem(decodeKey(view.key, text)));
  const counters = isDirect(view)
    ? []
    : Array.from({ length: view.spread }, (_, n) => counterPlace(view, group, n));
  const [first, ...others] = await store.read([row, ...counters]);
  return { row: first, counters: others };
}

function textOf(parts: StoredGroupParts | undefined): string {
  const texts = [parts?.row, ...(parts?.counters ?? [])].map((wire) =>
    wire === undefined ? "absent" : canonicalText(wire),
  );
  return texts.join(" ");
}

async function addUp(
  { store }: VerifyPorts,
  view: AggregateView,
  suspects: readonly GroupSuspect[],
  inDetail: boolean,
): Promise<ReadonlyMap<string, GroupSums>> {
  const sums = new Map(suspects.map(({ group }) => [group, emptyGroup(inDetail)]));
  for await (const wire of store.scan(view.workingsTable)) {
    const lines = isContribution(wire)
      ? contributionLines(view, wire, decodeContribution(wire))
      : [workingsLine(view, wire)];
    for (const line of lines) {
      const group = line && sums.get(line.group);
      if (group) line.add(group);
    }
  }
  return sums;
}

async function lookOf(
  { store }: VerifyPorts,
  suspect: GroupSuspect,
  parts: StoredGroupParts | undefined,
  sums: GroupSums | undefined,
): Promise<GroupLook | undefined> {
  if (!parts || !sums) return undefined;
  const { view, text } = suspect;
  if (isDirect(view) && parts.row) addCounter(view, sums.held, parts.row);
  // Counters are taken as they were read together, not as the scan met them.
  if (!isDirect(view)) replaceNumbers(view, sums, parts.counters);
  const wanted = rowDigest(await wantedRow(store, view, text, parts));
  const wrong = faults(view, sums, wanted === seenRow(parts.row));
  const { entries, values, contributions } = sums.wanted;
  const seen = `${contributions} ${textOf(parts)}`;
  const state = [seen, wrong, entries, values, sums.held.entries, sums.held.values];
  return { suspect, sums, parts, seen, wrong, state: state.join(" ") };
}

function replaceNumbers(
  view: AggregateView,
  { held }: GroupSums,
  counters: readonly (WireItem | undefined)[],
): void {
  held.numbers = {};
  for (const counter of counters) if (counter) addCounter(view, held, counter);
}

function faults(view: AggregateView, sums: GroupSums, rowIsRight: boolean): string {
  const { wanted, held } = sums;
  const found: string[] = [];
  for (const [name, difference] of Object.entries(missingOf(view, sums)))
    found.push(`${name.replace("_millrace", "members")} ${fault(difference)}`);
  if (wanted.entries !== held.entries) found.push("entries in order are not those of its items");
  if (wanted.values !== held.values) found.push("counts of values are not those of its items");
  if (!rowIsRight) found.push("the row is not what its counters say");
  return found.join(", ");
}

function fault(difference: string): string {
  return difference === "0" ? "is not there" : `is off by ${brief(negative(difference))}`;
}

/** How much too high a number is: what is missing, turned round. */
function negative(difference: string): number {
  return -Number(difference);
}
