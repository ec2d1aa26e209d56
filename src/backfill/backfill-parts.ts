import { DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import { type Clock, deadlineIn } from "../pipeline/clock.js";
import { insist } from "../pipeline/park.js";
import type { Sinks } from "../pipeline/pipeline.js";
import type { BackfillRun, BackfillState } from "../state/backfill-state.js";
import type { Quarantine } from "../state/quarantine.js";
import type { UpkeepPorts } from "../upkeep/bring-up-to-date.js";
import type { SourceItems } from "../upkeep/source-items.js";
import type { View, ViewSource } from "../view/view.js";
import type { ItemPages } from "./item-pages.js";
import type { Pace } from "./pace.js";
import { createRowWriter } from "./row-writer.js";

/** What a backfill is made of: ports only, so that a simulation runs the same code. */
export interface BackfillParts {
  readonly sinks: Sinks;
  readonly quarantine: Quarantine;
  readonly state: BackfillState;
  readonly items: Pick<SourceItems, "get">;
  readonly clock: Clock;
  readonly pace: Pace;
  /** How long something may go on failing before the run is given up, milliseconds; two minutes if not given. */
  readonly patienceMs?: number;
}

/** A backfill that somebody works on. */
export interface BackfillJob {
  readonly run: BackfillRun;
  readonly source: ViewSource;
  /** The views it is about. */
  readonly views: readonly View[];
  readonly pages: ItemPages;
  /** Tells this worker from every other there is or was. */
  readonly worker: string;
}

const PATIENCE_MS = 120_000;

/** Calls until it succeeds, as long as patience lasts. */
export function patiently<T>(parts: BackfillParts, call: () => Promise<T>): Promise<T> {
  const { clock, patienceMs = PATIENCE_MS } = parts;
  return insist({ clock, deadline: deadlineIn(clock, patienceMs), retry: DEFAULT_RETRY }, call);
}

/** What bringing items up to date needs, but for what each job writes down in its own place. */
export function upkeepOf(parts: BackfillParts, source: ViewSource): Omit<UpkeepPorts, "writeDown"> {
  const { items, clock, pace, patienceMs = PATIENCE_MS } = parts;
  return {
    nowMs: () => clock.nowMs(),
    read: async (owners) => {
      // A unit each, which holds for items of up to 4 KB.
      await pace.read(owners.length);
      return patiently(parts, () => items.get(source, owners));
    },
    apply: createRowWriter({ ...parts, patienceMs }),
  };
}
