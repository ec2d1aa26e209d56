import { isMillraceError, messageOf, MillraceError } from "../../errors.js";
import type { AggregateView } from "../../view/aggregate/aggregate-view.js";
import type { Reason, Store } from "./store.js";
import { foreignRow, isRowGuard, type Lane, type Pending, planTransaction } from "./transaction.js";
import { digest } from "./workings.js";

/** What became of a run of contributions. */
export interface Commit {
  readonly done: readonly Pending[];
  /** What was read of them is no longer so. */
  readonly again: readonly Pending[];
  readonly failed: readonly { readonly pending: Pending; readonly error: MillraceError }[];
}

/**
 * Writes a run of contributions in one transaction, or in several where one of them cannot be written at all: the run
 * is then halved until the culprit is alone, so that it fails and nobody with it.
 */
export async function commitRun(
  store: Store,
  view: AggregateView,
  run: readonly Pending[],
  lane: Lane,
): Promise<Commit> {
  try {
    const actions = await planTransaction(store, view, run, lane);
    const answer = await store.transact(actions);
    if (answer.done) return { done: run, again: [], failed: [] };
    const { reasons } = answer;
    if (reasons.some(isPassing)) {
      lane.seed = digest(lane.seed, "next");
      throw conflicted(view, reasons);
    }
    if (reasons.includes("invalid")) throw notHoldable(view, run);
    const foreign = actions.find((action, i) => reasons[i] === "condition" && isRowGuard(action));
    if (foreign) throw foreignRow(view, JSON.stringify(Object.values(foreign.key)));
    return { done: [], again: run, failed: [] };
  } catch (thrown) {
    const error = asError(thrown);
    const isSomeonesFault = !error.retriable && error.code !== "configuration";
    if (isSomeonesFault && run.length > 1) return halve(store, view, run, lane);
    return failedAll(run, isSomeonesFault ? named(view, run[0], error) : error);
  }
}

async function halve(
  store: Store,
  view: AggregateView,
  run: readonly Pending[],
  lane: Lane,
): Promise<Commit> {
  const middle = Math.ceil(run.length / 2);
  const first = await commitRun(store, view, run.slice(0, middle), lane);
  const second = await commitRun(store, view, run.slice(middle), lane);
  return {
    done: [...first.done, ...second.done],
    again: [...first.again, ...second.again],
    failed: [...first.failed, ...second.failed],
  };
}

function failedAll(run: readonly Pending[], error: MillraceError): Commit {
  return { done: [], again: [], failed: run.map((pending) => ({ pending, error })) };
}

/** A conflict passes, also where other actions of the transaction failed for good: they are asked again (rule V8). */
function isPassing(reason: Reason): boolean {
  return reason === "conflict" || reason === "throttled";
}

function conflicted(view: AggregateView, reasons: readonly Reason[]): MillraceError {
  const found = [...new Set(reasons.filter((reason) => reason !== "none"))].join(" and ");
  return new MillraceError(
    "unavailable",
    `view "${view.name}": a transaction was not done because of ${found}; trying again`,
    { context: { view: view.name } },
  );
}

function notHoldable(view: AggregateView, run: readonly Pending[]): MillraceError {
  return new MillraceError(
    "invalid-row",
    `view "${view.name}": what item ${run[0]?.mutation.owner} adds to its groups cannot be held: a DynamoDB number has at most 38 digits, and an item 400 KB; round the measure, or group by more`,
    { context: { view: view.name } },
  );
}

/** The error, with the item whose contribution it concerns. */
function named(view: AggregateView, pending: Pending | undefined, error: MillraceError) {
  const { code, retriable, message } = error;
  const key = pending?.mutation.owner ?? "";
  const told = message.includes(key) ? message : `view "${view.name}", item ${key}: ${message}`;
  return new MillraceError(code, told, {
    retriable,
    cause: error.cause ?? error,
    context: { view: view.name, key },
  });
}

/** Anything thrown as an error of ours; what is not is no store's, and so nothing that passes. */
export function asError(thrown: unknown): MillraceError {
  if (isMillraceError(thrown)) return thrown;
  return new MillraceError("refused", messageOf(thrown), { cause: thrown });
}
