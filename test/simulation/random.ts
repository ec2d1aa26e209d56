import { uniformFloat64 } from "pure-rand/distribution/uniformFloat64";
import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";

/** Chance that a seed decides: the same numbers in the same order on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number from 0 to below `n`. */
  below(n: number): number;
  /** True in this share of the cases. */
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** A source of its own, so that what one part of a run draws does not shift what another draws. */
  fork(label: string): Random;
}

/** Makes chance of a seed. */
export function createRandom(seed: number | string): Random {
  const generator = xoroshiro128plus(hash(String(seed)));
  const next = () => uniformFloat64(generator);
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    chance: (share) => next() < share,
    pick: (from) => {
      if (from.length === 0) throw new Error("nothing to pick from");
      return from[below(from.length)]!;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

/** FNV-1a: spreads seeds that differ in one digit over all 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value;
}
