import { MillraceError } from "../../../src/errors.js";
import type { Reason, Store } from "../../../src/sink/aggregate/store.js";

/** What can happen to one call of a store. */
export type Fault =
  "none" | "crash-before" | "crash-after" | "lost-answer" | "throttled" | "conflict";

/** A process's own way to the store, which it loses when it dies. */
export interface FaultyProcess {
  readonly store: Store;
  /** Rejects when the process dies. */
  readonly died: Promise<never>;
}

/** Thrown to whoever waits for a process that died. */
export class Died extends Error {}

/**
 * A process whose calls wait for their turn and meet faults.
 *
 * When it dies no call of it is ever answered again; calls that are on their way still land, and late.
 */
export function faultyProcess(
  store: Store,
  turn: () => Promise<unknown>,
  nextFault: () => Fault,
): FaultyProcess {
  let isDead = false;
  let die = (_error: Died): void => undefined;
  const died = new Promise<never>((_, reject) => (die = reject));
  died.catch(() => undefined);
  const silence = new Promise<never>(() => undefined);

  async function call<T>(act: () => Promise<T>, conflict?: () => T): Promise<T> {
    if (isDead) return silence;
    const fault = nextFault();
    if (fault === "crash-before") return crash();
    await turn();
    if (fault === "throttled") throw new MillraceError("unavailable", "throttled");
    if (fault === "conflict" && conflict) return conflict();
    const answer = await act();
    if (fault === "crash-after") return crash();
    if (fault === "lost-answer") throw new MillraceError("unavailable", "timed out");
    return isDead ? silence : answer;
  }

  function crash(): Promise<never> {
    isDead = true;
    die(new Died("killed"));
    return silence;
  }

  return {
    died,
    store: {
      read: (places) => call(() => store.read(places)),
      transact: (actions) =>
        call(
          () => store.transact(actions),
          () => ({ done: false, reasons: conflictAmong(actions.length) }),
        ),
      write: (write) => call(() => store.write(write)),
      query: (query) => call(() => store.query(query)),
      scan: (table) => store.scan(table),
    },
  };
}

/** A conflict of the last action, while the condition of the first does not hold either. */
function conflictAmong(count: number): readonly Reason[] {
  return Array.from({ length: count }, (_, i) =>
    i === count - 1 ? "conflict" : i === 0 ? "condition" : "none",
  );
}
