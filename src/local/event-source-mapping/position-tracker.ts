/** Follows which records of a shard are settled, to tell how far all of them are. */
export interface PositionTracker {
  /** A record was read; records are added in the shard's order. */
  add(sequenceNumber: string, settled: boolean): void;
  /** A record that was added needs no delivery any more. */
  settle(sequenceNumber: string): void;
  /** The last record such that it and all before it are settled. */
  position(): string | undefined;
  /** Whether nothing that was added is left to settle. */
  isSettled(): boolean;
}

/** A tracker of a shard that nothing is read of yet. */
export function createPositionTracker(): PositionTracker {
  /** In the order they were read; what is settled from the front on is taken out. */
  const pending = new Map<string, boolean>();
  let position: string | undefined;
  return {
    add(sequenceNumber, settled) {
      if (settled && pending.size === 0) position = sequenceNumber;
      else pending.set(sequenceNumber, settled);
    },
    settle(sequenceNumber) {
      pending.set(sequenceNumber, true);
      for (const [first, settled] of pending) {
        if (!settled) return;
        position = first;
        pending.delete(first);
      }
    },
    position: () => position,
    isSettled: () => pending.size === 0,
  };
}
