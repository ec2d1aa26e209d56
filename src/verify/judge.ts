import type { Fences } from "../state/quarantine.js";
import { findOwners } from "./find-owners.js";
import type { Suspect } from "./find-suspects.js";
import type { FindingKind } from "./finding.js";
import { type Observation, observeAll } from "./observe.js";
import type { VerifyPorts } from "./ports.js";

/** A suspect that was seen to be wrong for longer than the stream may be behind. */
export interface Accused {
  readonly observation: Observation;
  readonly kind: FindingKind;
  readonly reason: string;
}

/** What became of suspects: those that are wrong, and those that kept changing. */
export interface Judgement {
  readonly accused: readonly Accused[];
  readonly busy: readonly Suspect[];
}

/** Times a suspect has to be seen wrong, all the same, before it is accused; and looks at one until it is called busy. */
const SAME_LOOKS = 3;
const MOST_LOOKS = 10;
/** A pause that is not made longer by what arrives late. */
const MOST_PAUSE_MS = 30_000;

/** How a suspect was seen so far. */
interface Sighting {
  /** What its items said at the first look, for as long as they said nothing else. */
  wanted: string | undefined;
  readonly firstAtMs: number;
  state: string;
  looks: number;
  sinceMs: number;
}

/**
 * Looks at suspects until each is cleared, accused or given up as busy.
 *
 * Cleared: what is held is as the items say, once. Accused: three times in a row, each a pause from the other that is
 * longer than the stream is behind, the items said the same, the same was held, at the same version, and the two did
 * not fit. Why nobody is accused wrongly: what the items said at the first look was in the stream before the second,
 * and so was applied before the third, which changes what is held, or its version. Whatever changes is looked at anew.
 *
 * How far the stream is behind is not always known, or was known a while ago; it shows by itself, too: what the items said all along comes to be held only
 * now, so it was behind for as long as was waited for that; pauses are as long from then on, up to half a minute.
 */
export async function judge(
  ports: VerifyPorts,
  suspects: readonly Suspect[],
  pauseMs: () => Promise<number>,
  onLook: (open: number) => void = () => undefined,
): Promise<Judgement> {
  const accused: Accused[] = [];
  const records = new Map<Suspect, Sighting>();
  let open = suspects;
  let behindMs = 0;
  let lastLookAtMs = ports.nowMs();
  for (let look = 1; look <= MOST_LOOKS && open.length > 0; look++) {
    if (look > 1) await ports.sleep(Math.max(await pauseMs(), behindMs));
    onLook(open.length);
    const atMs = ports.nowMs();
    await findOwners(ports, open);
    const observations = await observeAll(ports, open);
    for (const observation of observations) {
      const record = records.get(observation.suspect);
      if (record && hasArrived(record, observation))
        behindMs = Math.min(MOST_PAUSE_MS, Math.max(behindMs, lastLookAtMs - record.firstAtMs));
    }
    const still: Suspect[] = [];
    for (const observation of observations) {
      const { suspect, wrong } = observation;
      if (!wrong) continue;
      const record = recorded(records.get(suspect), observation, atMs);
      records.set(suspect, record);
      const isSettled = record.looks >= SAME_LOOKS && atMs - record.sinceMs >= 2 * behindMs;
      if (isSettled) accused.push({ observation, ...wrong });
      else still.push(suspect);
    }
    open = still;
    lastLookAtMs = atMs;
  }
  return { accused: await withoutFenced(ports, accused), busy: open };
}

/** Whether something that the items said since the first look has only now come to be held. */
function hasArrived(record: Sighting, { wantedState, wrong, state }: Observation): boolean {
  return record.wanted === wantedState && (!wrong || record.state !== state);
}

function recorded(before: Sighting | undefined, observation: Observation, atMs: number): Sighting {
  const { wantedState, state } = observation;
  if (!before) return { wanted: wantedState, firstAtMs: atMs, state, looks: 1, sinceMs: atMs };
  const wanted = before.wanted === wantedState ? wantedState : undefined;
  if (before.state === state) return { ...before, wanted, looks: before.looks + 1 };
  return { ...before, wanted, state, looks: 1, sinceMs: atMs };
}

/** Tells those apart whose item waits in quarantine: redrive puts them right, and nobody else may. */
async function withoutFenced(
  ports: VerifyPorts,
  accused: readonly Accused[],
): Promise<readonly Accused[]> {
  const parked = new Map<string, ReadonlySet<string>>();
  const fencesBySource = new Map<string, Fences>();
  const answered: Accused[] = [];
  for (const each of accused) {
    const { suspect, held } = each.observation;
    const { view } = suspect.comparand;
    const items = parked.get(view.name) ?? (await parkedItems(ports, view.name));
    parked.set(view.name, items);
    const { table } = view.source;
    const fences = fencesBySource.get(table) ?? (await ports.quarantine.fences(table));
    fencesBySource.set(table, fences);
    const owners = [...suspect.owners, ...(held?.owner === undefined ? [] : [held.owner])];
    const fenced = owners.find((owner) => fences.of(view.name, owner) ?? items.has(owner));
    const reason = `${each.reason}; its item waits in quarantine: redrive it`;
    answered.push(fenced === undefined ? each : { ...each, kind: "quarantined", reason });
  }
  return answered;
}

async function parkedItems(
  { quarantine, heldCache }: VerifyPorts,
  view: string,
): Promise<ReadonlySet<string>> {
  const items = new Set<string>();
  for await (const { itemKey } of quarantine.list(view)) {
    items.add(itemKey);
    if (heldCache) items.add(heldCache.fingerprint(itemKey));
  }
  return items;
}
