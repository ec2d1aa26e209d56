import { applyWithRetry, DEFAULT_RETRY } from "../pipeline/apply-with-retry.js";
import { type Clock, deadlineIn } from "../pipeline/clock.js";
import type { Sinks } from "../pipeline/pipeline.js";
import type { ApplyResult, Sink } from "../sink/sink.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import type { Pace } from "./pace.js";
import { writeUnits } from "./write-units.js";

/** What {@link createRowWriter} takes. */
export interface RowWriterParts {
  readonly sinks: Sinks;
  readonly clock: Clock;
  readonly pace: Pace;
  /** How long a sink may go on failing before it is given up, milliseconds. */
  readonly patienceMs: number;
}

/** Writes mutations of any views through the sink of each, and again where that failed retriably. */
export type RowWriter = (mutations: readonly Mutation<View>[]) => Promise<readonly ApplyResult[]>;

/**
 * Makes a writer that keeps to a pace.
 *
 * What goes to one aggregate view goes one after the other: its transactions meet in the same groups, and two at once
 * would only make each other fail.
 */
export function createRowWriter(parts: RowWriterParts): RowWriter {
  const { sinks, clock, pace, patienceMs } = parts;
  const turns = new Map<string, Promise<unknown>>();

  function inTurn<T>(view: View, call: () => Promise<T>): Promise<T> {
    if (view.kind !== "aggregate-view") return call();
    const turn = (turns.get(view.name) ?? Promise.resolve()).then(call);
    const settled = turn.catch(() => undefined);
    turns.set(view.name, settled);
    return turn;
  }

  async function writeView(view: View, mutations: readonly Mutation<View>[]) {
    // A sink is only ever given views of the kind it is registered for; the run was refused where one is missing.
    const sink = sinks[view.kind] as Pick<Sink, "apply">;
    await pace.write(mutations.reduce((units, each) => units + unitsOf(each), 0));
    return inTurn(view, () => {
      const time = { clock, deadline: deadlineIn(clock, patienceMs), policy: DEFAULT_RETRY };
      return applyWithRetry(mutations, (some) => sink.apply(some), time);
    });
  }

  return async (mutations) => {
    const byView = new Map<View, number[]>();
    mutations.forEach(({ view }, i) => {
      const known = byView.get(view);
      if (known) known.push(i);
      else byView.set(view, [i]);
    });
    const results: ApplyResult[] = [];
    await Promise.all(
      [...byView].map(async ([view, indices]) => {
        const answers = await writeView(
          view,
          indices.map((i) => mutations[i] as Mutation<View>),
        );
        indices.forEach((i, n) => (results[i] = answers[n] as ApplyResult));
      }),
    );
    return results;
  };
}

function unitsOf(mutation: Mutation<View>): number {
  if (mutation.type === "put") return writeUnits(mutation.view, mutation);
  return mutation.view.kind === "cache-view" ? 0 : 1;
}
