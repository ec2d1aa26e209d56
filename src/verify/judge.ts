import type { Fences } from "../state/quarantine.js";
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
const MOST_LOOKS = 9;

/**
 * Looks at suspects until each is cleared, accused or given up as busy.
 *
 * Cleared: what is held is as the items say, once. Accused: three times in a row, each a pause from the other that is
 * longer than the stream is behind, the items said the same, the same was held, at the same version, and the two did
 * not fit. Why nobody is accused wrongly: what the items said at the first look was in the stream before the second,
 * and so was applied before the third, which changes what is held, or its version. Whatever changes is looked at anew.
 */
export async function judge(
  ports: VerifyPorts,
  suspects: readonly Suspect[],
  settleMs: number,
  onLook: (open: number) => void = () => undefined,
): Promise<Judgement> {
  const accused: Accused[] = [];
  const seen = new Map<Suspect, { state: string; looks: number }>();
  let open = suspects;
  for (let look = 1; look <= MOST_LOOKS && open.length > 0; look++) {
    if (look > 1) await ports.sleep(settleMs);
    onLook(open.length);
    const still: Suspect[] = [];
    for (const observation of await observeAll(ports, open)) {
      const { suspect, wrong, state } = observation;
      if (!wrong) continue;
      const before = seen.get(suspect);
      const looks = before?.state === state ? before.looks + 1 : 1;
      seen.set(suspect, { state, looks });
      if (looks >= SAME_LOOKS) accused.push({ observation, ...wrong });
      else still.push(suspect);
    }
    open = still;
  }
  return { accused: await withoutFenced(ports, accused), busy: open };
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
