import { isNewer, type Version } from "../change/version.js";
import { sameValue } from "../view/row.js";
import type { Content } from "./content.js";
import type { Expectation } from "./expectation.js";

/** One look at a key: what the source says, and then what the cache holds. */
export interface Look {
  /** A moment before the source was read, Unix milliseconds. */
  readonly sourceAtMs: number;
  readonly expected: Expectation;
  /** Read after the source. */
  readonly found: Content;
}

/** A key under which cache and source were seen to disagree. */
export interface Suspicion {
  readonly look: Look;
  /** Since when the source has been saying what the cache still does not; absent until a second look. */
  readonly sinceMs?: number;
  /** How long the cache has been known to disagree with what the source was saying all along. */
  readonly lastedMs: number;
}

/**
 * Takes one more look at a key into account; `undefined` where cache and source agree.
 *
 * A disagreement may be the lag, or the cache may be ahead of the source's reading. So the first one only raises a
 * suspicion, and the clock runs from the next look on, as long as the source goes on saying the same and the cache does
 * not move: an entry of a newer version follows a change that the probe did not see, and is a new suspicion. Hence a
 * cache that follows within t is never said to have disagreed for longer than t, also of an item that changes to and
 * fro. What is not of ours has no version, and does not move.
 */
export function judge(before: Suspicion | undefined, look: Look): Suspicion | undefined {
  if (agrees(look)) return undefined;
  if (!before || moved(before.look.found.version, look.found.version)) return { look, lastedMs: 0 };
  const goesOn =
    before.sinceMs !== undefined && sameExpectation(before.look.expected, look.expected);
  const sinceMs = goesOn ? before.sinceMs : look.sourceAtMs;
  return { look, sinceMs, lastedMs: look.sourceAtMs - sinceMs };
}

/** Whether a cache that holds this is what its readers should see. */
export function agrees({ expected, found }: Pick<Look, "expected" | "found">): boolean {
  // Of what should not be there, only what is this item's is wrong: the key may be somebody else's by now.
  if (expected.value === undefined) return found.state !== "present" || isAnothers(expected, found);
  if (found.state === "absent") return mayBeAbsent(expected, found);
  return (
    found.state === "present" &&
    sameValue(expected.value, found.value) &&
    !isAnothers(expected, found)
  );
}

function isAnothers(expected: Expectation, found: Content): boolean {
  return (
    expected.owner !== undefined && found.owner !== undefined && expected.owner !== found.owner
  );
}

function mayBeAbsent(expected: Expectation, { hidesUpTo = -Infinity }: Content): boolean {
  return expected.mayBeAbsent === true || Number(expected.value?.["score"]) <= hidesUpTo;
}

function moved(before: Version | undefined, after: Version | undefined): boolean {
  return after !== undefined && (before === undefined || isNewer(after, before));
}

function sameExpectation(left: Expectation, right: Expectation): boolean {
  return left.owner === right.owner && sameValue(left.value, right.value);
}
