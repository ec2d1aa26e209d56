/** Which share of the keys was consistent within some time. */
export interface Share {
  readonly withinSeconds: number;
  /** Keys that disagreed with the source for longer. */
  readonly inconsistent: number;
  /** 0 to 1. */
  readonly share: number;
  /** The share in nines, 2 being 99 %; where none disagreed, as many as so many keys can show. */
  readonly nines: number;
}

/** Times within which keys should be consistent, in milliseconds. */
export const WITHIN_MS = [1_000, 10_000, 60_000] as const;

/** What is left wrong for longer is a mistake and no lag. */
export const LASTING_MS = 10_000;

/**
 * The shares of keys that were consistent in time.
 *
 * @param lastedMs how long each key disagreed that did.
 */
export function shares(keys: number, lastedMs: readonly number[]): readonly Share[] {
  return WITHIN_MS.map((withinMs) => {
    const inconsistent = lastedMs.filter((ms) => ms >= withinMs).length;
    return {
      withinSeconds: withinMs / 1000,
      inconsistent,
      share: keys === 0 ? 1 : 1 - inconsistent / keys,
      nines: keys === 0 ? 0 : -Math.log10(Math.max(1, inconsistent) / keys),
    };
  });
}
