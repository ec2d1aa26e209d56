import { isMillraceError, messageOf, MillraceError } from "../errors.js";
import type { ApplyResult } from "../sink/sink.js";
import { derive } from "../view/derive.js";
import type { Mutation } from "../view/row.js";
import type { View } from "../view/view.js";
import type { Lane } from "./lanes.js";

/** One lane's part in one view: what to do, and how it went. */
export interface Work {
  readonly view: View;
  readonly lane: Lane;
  readonly mutations: readonly Mutation<View>[];
  /** The error that makes the change poison for this view. */
  poison?: MillraceError;
  /** The retriable error that kept the work from being finished. */
  unresolved?: MillraceError;
}

/** Derives one lane's work in one view; what the view's functions throw becomes the work's poison. */
export function deriveWork(view: View, lane: Lane): Work {
  try {
    return { view, lane, mutations: derive(view, lane.change) };
  } catch (thrown) {
    const context = {
      view: view.name,
      key: lane.change.itemKey,
      sequenceNumber: lane.firstSequenceNumber,
    };
    const poison = isMillraceError(thrown)
      ? new MillraceError(thrown.code, thrown.message, { cause: thrown.cause ?? thrown, context })
      : new MillraceError("view-failed", `view "${view.name}": ${messageOf(thrown)}`, {
          cause: thrown,
          context,
        });
    return { view, lane, mutations: [], poison };
  }
}

/**
 * Takes the answers to a work's mutations into account.
 *
 * @throws the error itself when it is of the configuration: a missing table is nobody's poison, and the batch fails.
 */
export function settleWork(work: Work, results: readonly ApplyResult[]): void {
  for (const result of results) {
    if (result.outcome !== "failed") continue;
    const { error } = result;
    if (error.code === "configuration") throw error;
    if (error.retriable) work.unresolved ??= error;
    else work.poison ??= error;
  }
}
