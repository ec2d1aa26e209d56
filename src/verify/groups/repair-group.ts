import { decodeItem } from "../../change/attribute-value.js";
import { decodeKey } from "../../dynamodb/decode-key.js";
import { settleGroups } from "../../sink/aggregate/settle-groups.js";
import {
  type Action,
  type AddWrite,
  type Condition,
  MOST_ACTIONS,
} from "../../sink/aggregate/store.js";
import {
  ATTRIBUTE,
  counterPlace,
  digest,
  groupText,
  membersAttribute,
  rowPlace,
} from "../../sink/aggregate/workings.js";
import { isDirect } from "../../view/aggregate/aggregate-view.js";
import { canonicalText } from "../../view/canonical-text.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../view/key.js";
import type { VerifyPorts } from "../ports.js";
import type { Repair } from "../repair-rows.js";
import type { GroupSuspect } from "./find-groups.js";
import { type AccusedGroup, type GroupLook, lookAt } from "./judge-groups.js";
import { missingOf, type Sums } from "./sums.js";

const MOST_TRIES = 3;

/**
 * Puts one group right: adds to its counters what is missing, puts entries and counts of values as its contributions
 * say, in transactions on condition that its counters are as they were seen, and lets its row be made again.
 *
 * Since the difference is added, what the stream adds at the same time is not lost; and since the counters must be as
 * they were seen, nobody adds the difference twice.
 */
export async function repairGroup(ports: VerifyPorts, accused: AccusedGroup): Promise<Repair> {
  const { view, group, text, look: first } = accused;
  const suspect: GroupSuspect = { view, group, text };
  let left = "it is still wrong";
  for (let attempt = 0; attempt < MOST_TRIES; attempt++) {
    const look = (await lookAt(ports, [suspect], true)).get(suspect);
    if (look?.wrong === "") return { outcome: "repaired" };
    if (!look || (attempt === 0 && look.seen !== first.seen)) return { outcome: "changed" };
    left = (await putRight(ports, look)) ?? left;
  }
  const last = (await lookAt(ports, [suspect])).get(suspect);
  return last?.wrong === "" ? { outcome: "repaired" } : { outcome: "left", reason: left };
}

/** Says why it could not be done, where it could not. */
async function putRight(ports: VerifyPorts, look: GroupLook): Promise<string | undefined> {
  const { view, text } = look.suspect;
  const group = decodeItem(decodeKey(view.key, text));
  const places = placesToMend(look.sums.wanted, look.sums.held);
  const [guard, ...checks] = isDirect(view) ? [rowWrite(look)] : counterWrites(look);
  if (guard) {
    const room = MOST_ACTIONS - 1 - checks.length;
    // What does not fit is put right after the next look.
    const actions = [guard, ...checks, ...places.slice(0, room)];
    const answer = await ports.store.transact(actions);
    if (!answer.done) return `others changed it meanwhile (${[...new Set(answer.reasons)].join()})`;
  }
  const changedAtSeconds = Math.floor(ports.nowMs() / 1000);
  const errors = await settleGroups(
    ports.store,
    view,
    new Map([[groupText(view, group), { group, changedAtSeconds }]]),
  );
  return errors.get(groupText(view, group))?.message;
}

function placesToMend(wanted: Sums, held: Sums): readonly Action[] {
  const actions: Action[] = [];
  for (const [text, { place, attributes }] of wanted.places ?? []) {
    const there = held.places?.get(text);
    if (there && canonicalText(there.attributes) === canonicalText(attributes)) continue;
    actions.push({ type: "put", ...place, attributes });
  }
  for (const [text, { place }] of held.places ?? [])
    if (!wanted.places?.has(text)) actions.push({ type: "delete", ...place });
  return actions;
}

/** Adds what is missing to the first counter, and sees to it that the others are as they were. */
function counterWrites({ suspect, sums, parts }: GroupLook): readonly Action[] {
  const { view, group } = suspect;
  const missing = missingOf(view, sums);
  const isEmpty = parts.counters.every((counter) => counter === undefined);
  // A row without counters is taken away by settling.
  if (isEmpty && Object.keys(missing).length === 0) return [];
  const isAsSeen = (n: number): Condition => {
    const counter = parts.counters[n];
    const mark = counter?.[ATTRIBUTE.mark]?.S ?? "";
    return counter
      ? { type: "equals", path: [ATTRIBUTE.mark], value: { S: mark } }
      : { type: "absent" };
  };
  const marks = parts.counters.map((counter) => counter?.[ATTRIBUTE.mark]?.S ?? "");
  const first: AddWrite = {
    type: "add",
    ...counterPlace(view, group, 0),
    numbers: { ...missing, ...(view.spread > 1 && { [ATTRIBUTE.revision]: "1" }) },
    set: { [ATTRIBUTE.mark]: { S: digest("repair", ...marks) } },
    remove: [TTL_ATTRIBUTE],
    condition: isAsSeen(0),
  };
  const checks = parts.counters.slice(1).map((_, i): Action => ({
    type: "check",
    ...counterPlace(view, group, i + 1),
    condition: isAsSeen(i + 1),
  }));
  return [first, ...checks];
}

/** Adds what is missing to a row that is its own counter, and takes away what is no part of it. */
function rowWrite({ suspect: { view, text }, sums, parts: { row } }: GroupLook): AddWrite {
  const numbers = missingOf(view, sums);
  const own = new Set([
    ...view.key.map(({ name }) => name),
    ...Object.keys(view.measures),
    RESERVED_ATTRIBUTE,
  ]);
  const remove = Object.keys(row ?? {}).filter((name) => !own.has(name));
  const [first = membersAttribute(view)] = Object.keys(numbers);
  const seen = row?.[first]?.N;
  const condition: Condition =
    row === undefined
      ? { type: "absent" }
      : seen === undefined
        ? { type: "absent-or-has", attribute: membersAttribute(view) }
        : { type: "equals", path: [first], value: { N: seen } };
  const place = rowPlace(view, decodeItem(decodeKey(view.key, text)));
  return { type: "add", ...place, numbers, ...(remove.length > 0 && { remove }), condition };
}
