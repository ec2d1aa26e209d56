import type { Clock } from "../pipeline/clock.js";
import type { SourceItems } from "../upkeep/source-items.js";
import { type Expectation, expectationOf } from "./expectation.js";
import { WITHIN_MS } from "./figures.js";
import type { Family } from "./find-owners.js";
import { judge, type Suspicion } from "./judge.js";
import type { ProbedCache } from "./probed-cache.js";
import { type Sampled, searchOwners, type Subject } from "./sample-round.js";

/** A key that disagrees with the source, or did. */
export interface Suspect extends Subject {
  readonly firstAtMs: number;
  readonly suspicion: Suspicion;
  /** The longest it is known to have disagreed. */
  readonly worstMs: number;
  /** When to look again; `Infinity` where all is known. */
  readonly dueAtMs: number;
  /** When it was found to agree again. */
  readonly rightAtMs?: number;
}

/** What {@link createSuspects} takes. */
export interface SuspectsOptions extends Family {
  readonly items: SourceItems;
  readonly cache: ProbedCache;
  readonly clock: Clock;
  /** Whether what was wrong for a minute is looked at further. */
  readonly isPatient: boolean;
}

/** The keys under suspicion, and those that were, of all that was compared. */
export interface Suspects {
  /** Compares keys for the first time. */
  add(sampled: readonly Sampled[]): Promise<void>;
  /** Looks again at those whose time has come. */
  lookAgain(): Promise<void>;
  nextLookAtMs(): number;
  /** The keys that disagree now, and of those that did the ones that did longest. */
  all(): readonly Suspect[];
  /** How long each key disagreed that ever did, in milliseconds. */
  lastedMs(): readonly number[];
  /** Keys compared, and those of them that are not there and need not be. */
  counts(): { readonly keys: number; readonly absent: number };
}

/** From the first look, which only raises a suspicion, to the second, from which its clock runs. */
const SECOND_LOOK_MS = 200;
/** When to look further, counted from there. */
const LOOKS_MS = [1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000] as const;
/** The same for what no item is known of: the whole source is gone over each time. */
const RARE_LOOKS_MS = [10_000, 60_000] as const;
/** An item that changes again and again is let go in the end, with the longest it was wrong. */
const MOST_AGE_MS = 150_000;
/** Keys that are right again and remembered one by one. */
const MOST_PAST = 100;
const LONGEST_MS = WITHIN_MS[WITHIN_MS.length - 1] ?? 0;

/** Keeps an eye on what disagrees. */
export function createSuspects(options: SuspectsOptions): Suspects {
  const { view, cache, clock } = options;
  const suspects = new Map<string, Suspect>();
  const past: { longest: Suspect[]; readonly lastedMs: number[] } = { longest: [], lastedMs: [] };
  let keys = 0;
  let absent = 0;
  let evicts: boolean | undefined;

  /** Reads the cache after the source, and judges. */
  async function look(sampled: readonly Sampled[]) {
    evicts ??= await cache.evictsAnything();
    const found = await cache.read(view, sampled);
    return sampled.map((subject, i) => {
      const expected: Expectation = evicts
        ? { ...subject.expected, mayBeAbsent: true }
        : subject.expected;
      const content = found[i] ?? { state: "absent" as const };
      const before = suspects.get(subject.key);
      const { sourceAtMs } = subject;
      const after = judge(before?.suspicion, { sourceAtMs, expected, found: content });
      keep(subject, before, after);
      return { expected, content };
    });
  }

  function keep({ key, owner }: Subject, before: Suspect | undefined, suspicion?: Suspicion) {
    const nowMs = clock.nowMs();
    if (!suspicion) {
      if (before) settle({ ...before, rightAtMs: nowMs });
      return;
    }
    const firstAtMs = before?.firstAtMs ?? nowMs;
    const worstMs = Math.max(before?.worstMs ?? 0, suspicion.lastedMs);
    const dueAtMs = nextLook(options, suspicion, owner, nowMs);
    const suspect = { key, ...(owner !== undefined && { owner }), firstAtMs, suspicion, worstMs };
    if (nowMs - firstAtMs > MOST_AGE_MS && suspicion.lastedMs < LONGEST_MS)
      settle({ ...suspect, dueAtMs: Infinity });
    else suspects.set(key, { ...suspect, dueAtMs });
  }

  function settle(suspect: Suspect) {
    suspects.delete(suspect.key);
    if (suspect.worstMs === 0) return;
    past.lastedMs.push(suspect.worstMs);
    past.longest = [...past.longest, suspect].sort(longestFirst).slice(0, MOST_PAST);
  }

  return {
    async add(sampled) {
      const fresh = sampled.filter(({ key }) => !suspects.has(key));
      for (const { expected, content } of await look(fresh)) {
        keys++;
        if (content.state === "absent" && expected.value !== undefined && expected.mayBeAbsent)
          absent++;
      }
    },
    async lookAgain() {
      const due = [...suspects.values()].filter(({ dueAtMs }) => dueAtMs <= clock.nowMs());
      if (due.length === 0) return;
      const asked = await askSource(options, due);
      const said = new Set(asked.map(({ key }) => key));
      for (const suspect of due) if (!said.has(suspect.key)) settle(suspect);
      await look(asked);
    },
    nextLookAtMs: () => Math.min(Infinity, ...[...suspects.values()].map((each) => each.dueAtMs)),
    all: () => [...past.longest, ...suspects.values()].sort(longestFirst),
    lastedMs: () => [...past.lastedMs, ...[...suspects.values()].map(({ worstMs }) => worstMs)],
    counts: () => ({ keys, absent }),
  };
}

function nextLook(
  { isPatient }: SuspectsOptions,
  { sinceMs, lastedMs }: Suspicion,
  owner: string | undefined,
  nowMs: number,
): number {
  if (sinceMs === undefined) return nowMs + SECOND_LOOK_MS;
  const looks: readonly number[] = owner === undefined ? RARE_LOOKS_MS : LOOKS_MS;
  const next = looks.find((ms) => ms > lastedMs);
  if (next !== undefined) return sinceMs + next;
  return isPatient ? nowMs + LONGEST_MS : Infinity;
}

/** What the source says now of keys under suspicion; of some it may have nothing to say any more. */
async function askSource(
  options: SuspectsOptions,
  due: readonly Suspect[],
): Promise<readonly Sampled[]> {
  const { view, items, clock } = options;
  const known = due.flatMap(({ key, owner }) => (owner === undefined ? [] : [{ key, owner }]));
  const sourceAtMs = clock.nowMs();
  const now = await items.get(view.source, [...new Set(known.map(({ owner }) => owner))]);
  const asked = known.flatMap(({ key, owner }) => {
    const expected = expectationOf(view, { key, owner }, now.get(owner));
    return expected ? [{ key, owner, expected, sourceAtMs }] : [];
  });
  const ownerless = due.filter(({ owner }) => owner === undefined).map(({ key }) => key);
  return [...asked, ...(await searchOwners(options, ownerless))];
}

function longestFirst(left: Suspect, right: Suspect): number {
  return right.worstMs - left.worstMs;
}
