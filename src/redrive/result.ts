import { isMillraceError, messageOf } from "../errors.js";
import type { ItemInView } from "../state/quarantine.js";

/**
 * What became of a fenced item.
 *
 * `redriven`: its rows are true and its fence is lifted; in a dry run, could be. `handed-on`: a record that can be read by
 * now is behind a fence of its item in every view. `stays`: it is as it was, for a reason. `discarded`: it is given up.
 */
export type Outcome = "redriven" | "handed-on" | "stays" | "discarded";

/** One fenced item, and what became of it. */
export interface ItemResult extends ItemInView {
  readonly outcome: Outcome;
  /** Rows put and deleted, or those that would be. */
  readonly puts: number;
  readonly deletes: number;
  readonly reason?: Reason;
}

/** Why an item stays behind its fence. */
export interface Reason {
  readonly code: string;
  readonly message: string;
}

/** What a redrive did in one view. */
export interface ViewResult {
  readonly view: string;
  redriven: number;
  handedOn: number;
  stays: number;
  discarded: number;
  puts: number;
  deletes: number;
}

/** What {@link redrive} did. */
export interface RedriveReport {
  /** Whether nothing that was meant stays in quarantine. */
  readonly ok: boolean;
  readonly dryRun: boolean;
  /** Whether it was stopped before the end. */
  readonly stopped: boolean;
  readonly views: readonly ViewResult[];
  /** Items that stay, with the reason; the first hundred of them. */
  readonly stays: readonly (ItemInView & Reason)[];
}

/** Counts results, holding on to no more than a hundred of them. */
export interface Results {
  add(result: ItemResult): void;
  /** Forgets what stays: it is looked at once more. */
  again(): void;
  readonly views: ReadonlyMap<string, ViewResult>;
  readonly stays: readonly (ItemInView & Reason)[];
}

const MOST_TOLD = 100;

export function createResults(): Results {
  const views = new Map<string, ViewResult>();
  let stays: (ItemInView & Reason)[] = [];

  function of(view: string): ViewResult {
    const none = { redriven: 0, handedOn: 0, stays: 0, discarded: 0, puts: 0, deletes: 0 };
    const known = views.get(view) ?? { view, ...none };
    views.set(view, known);
    return known;
  }

  return {
    views,
    get stays() {
      return stays;
    },
    add({ source, view, itemKey, outcome, puts, deletes, reason }) {
      const count = of(view);
      count[outcome === "handed-on" ? "handedOn" : outcome]++;
      count.puts += puts;
      count.deletes += deletes;
      if (outcome === "stays" && reason && stays.length < MOST_TOLD)
        stays.push({ source, view, itemKey, ...reason });
    },
    again() {
      stays = [];
      for (const view of views.values()) view.stays = 0;
    },
  };
}

export function staying({ source, view, itemKey }: ItemInView, thrown: unknown): ItemResult {
  const code = isMillraceError(thrown) ? thrown.code : "refused";
  const reason = { code, message: messageOf(thrown) };
  return { source, view, itemKey, outcome: "stays", puts: 0, deletes: 0, reason };
}
