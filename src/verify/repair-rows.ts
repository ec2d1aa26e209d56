import type { Version } from "../change/version.js";
import { messageOf, MillraceError } from "../errors.js";
import type { ApplyResult } from "../sink/sink.js";
import { bringUpToDate } from "../upkeep/bring-up-to-date.js";
import { parseMemberKey } from "../view/member-key.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import { digestOf } from "./comparand.js";
import type { Accused } from "./judge.js";
import { type Observation, observeAll, type Wanted } from "./observe.js";
import type { VerifyPorts } from "./ports.js";

/** What became of an accused row: put right, changed by others so that it is for them, or not to be put right here. */
export type Repair =
  | { readonly outcome: "repaired" | "changed" }
  | { readonly outcome: "left"; readonly reason: string };

const MOST_TRIES = 3;

/**
 * Puts one row right, by compare and set on what was seen (rule V6).
 *
 * It is looked at once more first, and left alone unless everything is as it was when it was accused. What is wrong is
 * then corrected at the very version it has, what is missing is brought up to date as backfill does; so what the stream
 * wrote meanwhile is never overwritten, and what it brings later wins. After that it is looked at again.
 */
export async function repairRow(ports: VerifyPorts, { observation }: Accused): Promise<Repair> {
  const { suspect, state } = observation;
  let [now] = await observeAll(ports, [suspect]);
  if (now?.wrong && now.state !== state) return { outcome: "changed" };
  let left = "it is still wrong";
  for (let attempt = 0; attempt < MOST_TRIES && now?.wrong; attempt++) {
    try {
      await putRight(ports, now);
    } catch (thrown) {
      left = messageOf(thrown);
    }
    [now] = await observeAll(ports, [suspect]);
  }
  return now?.wrong ? { outcome: "left", reason: left } : { outcome: "repaired" };
}

async function putRight(ports: VerifyPorts, observation: Observation): Promise<void> {
  const { suspect, wanted, held } = observation;
  const { view } = suspect.comparand;
  if (wanted.length > 1 && new Set(wanted.map(({ value }) => digestOf(value))).size > 1)
    throw notOurs("two items derive it: let them derive different keys");
  const isEntry = view.kind !== "cache-view" || view.type === "json" || view.type === "hash";
  if (!isEntry) return putMemberRight(ports, observation);
  const [row] = wanted;
  if (held === undefined) return bringBack(ports, observation, row);
  if (held.version === undefined || held.owner === undefined) {
    if (view.kind !== "table-view")
      throw notOurs("Millrace did not write what is there: delete it");
    await ports.heldTables.removeForeign(view, suspect.key);
    return bringBack(ports, observation, row);
  }
  const { version, owner } = held;
  if (row && suspect.comparand.isOwner(owner, row.owner))
    return correct(ports, observation, { type: "put", version, owner, row });
  if (held.value !== undefined)
    await correct(ports, observation, { type: "delete", version, owner });
  return bringBack(ports, observation, row);
}

/**
 * The ledger is the truth of a collection: its word on the member is corrected, and what people read is made of it again.
 */
async function putMemberRight(ports: VerifyPorts, observation: Observation): Promise<void> {
  const { suspect, wanted } = observation;
  const { comparand, key } = suspect;
  const { view } = comparand;
  const { heldCache } = ports;
  if (!heldCache || view.kind !== "cache-view") return;
  const [row] = wanted;
  const known = await heldCache.contributions(view, key);
  for (const { version, owner, value } of known) {
    const own = wanted.find((each) => comparand.isOwner(owner, each.owner));
    if (!own) await correct(ports, observation, { type: "delete", version, owner });
    else if (digestOf(value) !== digestOf(own.value))
      await correct(ports, observation, { type: "put", version, owner, row: own });
  }
  if (row && !known.some(({ owner }) => comparand.isOwner(owner, row.owner))) {
    const tombstone = await ports.cache?.get(view, row.row.key);
    if (tombstone && comparand.isOwner(tombstone.owner, row.owner)) {
      const { version, owner } = tombstone;
      await correct(ports, observation, { type: "put", version, owner, row });
    } else await bringBack(ports, observation, row);
  }
  await heldCache.rebuild(view, parseMemberKey(key).collection);
}

interface Correction {
  readonly type: "put" | "delete";
  readonly version: Version;
  readonly owner: string;
  readonly row?: Wanted;
}

async function correct(
  ports: VerifyPorts,
  { suspect: { comparand, key } }: Observation,
  { type, version, owner, row }: Correction,
): Promise<void> {
  const target = {
    view: comparand.view,
    version,
    owner,
    changedAtSeconds: Math.floor(ports.nowMs() / 1000),
  };
  const mutation: Mutation<View> = row
    ? { type, ...target, key: row.row.key, value: row.row.value }
    : { type: "delete", ...target, key, value: comparand.keyOnly(key) };
  const result = await comparand.correct(mutation);
  if (result?.outcome === "failed") throw result.error;
}

async function bringBack(
  ports: VerifyPorts,
  { suspect: { comparand } }: Observation,
  row: Wanted | undefined,
): Promise<void> {
  if (!row) return;
  const { view } = comparand;
  const label = await ports.source.streamLabel(view.source);
  const { failures } = await bringUpToDate(
    {
      read: (owners) => ports.source.get(view.source, owners),
      apply: (mutations) => patiently(ports, mutations, comparand.apply),
      // Whoever dies here leaves at most a row that the next verification finds.
      writeDown: async () => undefined,
      nowMs: () => ports.nowMs(),
    },
    { views: [view], label, owners: [row.owner] },
  );
  const [failure] = failures;
  if (failure) throw failure.error;
}

const RETRIES = 6;
const RETRY_DELAY_MS = 100;

async function patiently(
  ports: VerifyPorts,
  mutations: readonly Mutation<View>[],
  apply: (mutations: readonly Mutation<View>[]) => Promise<readonly ApplyResult[]>,
): Promise<readonly ApplyResult[]> {
  for (let attempt = 0; ; attempt++) {
    const results = await apply(mutations);
    const isOver = results.every((each) => each.outcome !== "failed" || !each.error.retriable);
    if (isOver || attempt === RETRIES) return results;
    await ports.sleep(RETRY_DELAY_MS * 2 ** attempt);
  }
}

function notOurs(reason: string): MillraceError {
  return new MillraceError("refused", reason);
}
