import { LASTING_MS, type Share, shares } from "./figures.js";
import { type RoundOptions, sampleRound } from "./sample-round.js";
import { createSuspects, type Suspect } from "./suspects.js";

/** What {@link probe} takes. */
export interface ProbeOptions extends RoundOptions {
  /** How long new samples are taken: one where it is 0, and without end where it is `Infinity`. */
  readonly forMs: number;
  /** Ends the probe; what is under suspicion then is told as it is. */
  readonly signal: AbortSignal;
  /** Told how things stand after every look. */
  readonly onReport?: (report: ProbeReport) => void;
}

/** A key that disagrees with the source, or did. */
export interface Offender {
  readonly key: string;
  /** Key text of the source's item; absent where no item derives the key. */
  readonly item?: string;
  readonly problem: "missing" | "extra" | "different" | "foreign" | "of another item";
  readonly is: unknown;
  readonly shouldBe: unknown;
  /** Since when it is known to have been wrong, ISO 8601. */
  readonly since: string;
  /** For how long. */
  readonly seconds: number;
  /** Whether it has been put right since. */
  readonly isRight: boolean;
}

/** What a probe found. */
export interface ProbeReport {
  readonly view: string;
  /** Whether no key was wrong for 10 seconds. */
  readonly ok: boolean;
  /** How long the probe has taken. */
  readonly seconds: number;
  /** Comparisons of a key with its source. */
  readonly keys: number;
  /** Of these, keys that are not there and need not be: the view, or the cache, does not keep everything. */
  readonly absent: number;
  /** Keys of which nothing can be said: the view cannot take their item, or the entry names another stream. */
  readonly unjudged: number;
  readonly within: readonly Share[];
  /** The longest first. */
  readonly offenders: readonly Offender[];
}

/** From one sample to the next. */
const ROUND_MS = 2_000;

/**
 * Samples keys of a cache view from both sides, what the source derives and what is in the cache, and compares them. What
 * disagrees is looked at again and again, as Polaris does, to tell for how long ({@link judge}).
 *
 * @returns how things stand when all that was sampled is judged, or the probe was ended.
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const { clock, signal, forMs, onReport } = options;
  const startedAtMs = clock.nowMs();
  const suspects = createSuspects({ ...options, isPatient: forMs === Infinity });
  let unjudged = 0;
  let roundAtMs = startedAtMs;
  const report = () => reportOf(options, suspects, unjudged, clock.nowMs() - startedAtMs);
  while (!signal.aborted) {
    if (clock.nowMs() >= roundAtMs) {
      const round = await sampleRound(options);
      unjudged += round.unjudged;
      await suspects.add(round.sampled);
      roundAtMs = clock.nowMs() + ROUND_MS;
      if (roundAtMs >= startedAtMs + forMs) roundAtMs = Infinity;
    }
    await suspects.lookAgain();
    onReport?.(report());
    const nextMs = Math.min(roundAtMs, suspects.nextLookAtMs());
    if (nextMs === Infinity) break;
    // No longer than this, so that it soon ends when it is told to.
    await clock.sleep(Math.max(1, Math.min(nextMs - clock.nowMs(), ROUND_MS)));
  }
  return report();
}

function reportOf(
  { view }: ProbeOptions,
  suspects: ReturnType<typeof createSuspects>,
  unjudged: number,
  tookMs: number,
): ProbeReport {
  const lastedMs = suspects.lastedMs();
  const { keys, absent } = suspects.counts();
  return {
    view: view.name,
    ok: lastedMs.every((ms) => ms < LASTING_MS),
    seconds: tookMs / 1000,
    keys,
    absent,
    unjudged,
    within: shares(keys, lastedMs),
    offenders: suspects
      .all()
      .filter(({ worstMs }) => worstMs > 0)
      .map(offender),
  };
}

function offender({ key, owner, suspicion, worstMs, rightAtMs }: Suspect): Offender {
  const { look, sinceMs = look.sourceAtMs } = suspicion;
  return {
    key,
    ...(owner !== undefined && { item: owner }),
    problem: problemOf(look),
    is: look.found.value ?? null,
    shouldBe: look.expected.value ?? null,
    since: new Date(sinceMs).toISOString(),
    seconds: worstMs / 1000,
    isRight: rightAtMs !== undefined,
  };
}

function problemOf({ found, expected }: Suspect["suspicion"]["look"]): Offender["problem"] {
  if (found.state === "foreign") return "foreign";
  if (found.state === "absent") return "missing";
  if (expected.value === undefined) return "extra";
  return found.owner !== undefined && expected.owner !== undefined && found.owner !== expected.owner
    ? "of another item"
    : "different";
}
