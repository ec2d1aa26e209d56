import type { Clock } from "../pipeline/clock.js";
import type { SourceItems } from "../upkeep/source-items.js";
import type { CacheView } from "../view/cache-view.js";
import { parseMemberKey } from "../view/member-key.js";
import type { Candidate } from "./cache-sample.js";
import { type Expectation, expectationOf, expectationsOf } from "./expectation.js";
import { type Family, findOwners } from "./find-owners.js";
import type { ProbedCache } from "./probed-cache.js";
import { sampleSource } from "./source-sample.js";

/** A key to compare, and the item that says what should be there; none where no item was found. */
export interface Subject {
  readonly key: string;
  /** Key text of the source's item. */
  readonly owner?: string;
}

/** A subject, and what the source says of it. */
export interface Sampled extends Subject {
  readonly expected: Expectation;
  /** A moment before the source was read, Unix milliseconds. */
  readonly sourceAtMs: number;
}

/** What {@link sampleRound} takes. */
export interface RoundOptions extends Family {
  readonly items: SourceItems;
  readonly cache: ProbedCache;
  readonly clock: Clock;
  readonly sampleSize: number;
  readonly searchesOwners: boolean;
  readonly prefix?: string;
}

/** What a round chose. */
export interface Round {
  readonly sampled: readonly Sampled[];
  /** Keys of which nothing can be said. */
  readonly unjudged: number;
}

/**
 * Chooses keys to compare: half of what items of the source derive, half of what is in the cache.
 *
 * An entry keeps no more of its item than a fingerprint, and its key does not tell its view. So what is taken from the
 * cache begins as the view's keys do and names the source's stream in its version; its item is told by its own
 * attributes where the fingerprint bears them out, and else by going over the source, which also finds what another
 * view of the declarations derives. Only what no item derives then should not be there.
 */
export async function sampleRound(options: RoundOptions): Promise<Round> {
  const { view, items, cache, clock, sampleSize } = options;
  const size = Math.ceil(sampleSize / 2);
  const sampled = new Map<string, Sampled>();
  let unjudged = 0;
  const sourceAtMs = clock.nowMs();
  const random = () => clock.random();
  for (const { owner, item } of await sampleSource(items, { source: view.source, size, random })) {
    const expectations = expectationsOf(view, owner, item);
    if (!expectations) unjudged++;
    for (const [key, expected] of expectations ?? [])
      sampled.set(key, { key, owner, expected, sourceAtMs });
  }
  const keys = [...sampled.keys()].map((key) => redisKey(view, key));
  const prefix = options.prefix ?? commonPrefix(keys);
  if (prefix === "") return { sampled: [...sampled.values()], unjudged };
  const found = await cache.sample({ view, prefix, size, random });
  const label = await items.streamLabel(view.source);
  const candidates = found.filter(({ key }) => !sampled.has(key));
  const ours = candidates.filter(({ version }) => version?.startsWith(label) ?? true);
  unjudged += candidates.length - ours.length;
  const owned = await ownersOf(options, ours);
  for (const each of owned.sampled) sampled.set(each.key, each);
  return { sampled: [...sampled.values()], unjudged: unjudged + owned.unjudged };
}

/** What the source says of rows found in the cache. */
async function ownersOf(options: RoundOptions, candidates: readonly Candidate[]): Promise<Round> {
  const { items, view, siblings, clock } = options;
  const sourceAtMs = clock.nowMs();
  const sampled: Sampled[] = [];
  const untold: string[] = [];
  let unjudged = 0;
  const owners = candidates.flatMap(({ owner }) => owner ?? []);
  const now = await items.get(view.source, [...new Set(owners)]);
  for (const { key, owner } of candidates) {
    if (owner === undefined) {
      untold.push(key);
      continue;
    }
    const item = now.get(owner);
    const expected = expectationOf(view, { key, owner }, item);
    const ofSibling = siblings.some((each) => expectationsOf(each, owner, item)?.has(key) ?? true);
    if (expected === undefined) unjudged++;
    else if (expected.value !== undefined || !ofSibling)
      sampled.push({ key, owner, expected, sourceAtMs });
  }
  if (!options.searchesOwners) return { sampled, unjudged: unjudged + untold.length };
  return { sampled: [...sampled, ...(await searchOwners(options, untold))], unjudged };
}

/**
 * What the source says of rows that do not tell their item: one pass over all of it, for as many keys as there are.
 *
 * Leaves out what is another view's.
 */
export async function searchOwners(
  { items, view, siblings, clock }: Family & Pick<RoundOptions, "items" | "clock">,
  keys: readonly string[],
): Promise<readonly Sampled[]> {
  if (keys.length === 0) return [];
  const found = await findOwners(items, { view, siblings }, new Set(keys));
  // Of all of the source together, only this can be said: that by now it had said so.
  const sourceAtMs = clock.nowMs();
  return keys.flatMap((key): Sampled[] => {
    const ownership = found.get(key) ?? { expected: {} };
    return ownership === "another-view" ? [] : [{ key, ...ownership, sourceAtMs }];
  });
}

function redisKey({ type }: CacheView, key: string): string {
  return type === "json" || type === "hash" ? key : parseMemberKey(key).collection;
}

/** What all keys begin with; of one key alone, all of it. */
function commonPrefix([first = "", ...others]: readonly string[]): string {
  let length = first.length;
  for (const other of others) while (!other.startsWith(first.slice(0, length))) length--;
  return first.slice(0, length);
}
