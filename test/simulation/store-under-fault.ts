import type { Action, Place, Store, TransactionAnswer } from "../../src/sink/aggregate/store.js";
import { placeText } from "../../src/sink/aggregate/workings.js";

/** One call of a store, to be made under whatever fault is its turn. */
export interface StoreCall<T> {
  readonly of: "store" | "look";
  readonly what: () => string;
  readonly tables: readonly string[];
  readonly act: () => Promise<T>;
  /** What a conflict is answered with; where it is not given, it is thrown. */
  readonly conflict?: () => T;
}

/** A store every call of which is made by somebody who may put faults before and after it. */
export function storeUnderFault(store: Store, make: <T>(call: StoreCall<T>) => Promise<T>): Store {
  return {
    read: (places) =>
      make({
        of: "look",
        what: () => `read ${places.map(placeText).join(", ")}`,
        tables: tablesOf(places),
        act: () => store.read(places),
      }),
    transact: (actions) =>
      make<TransactionAnswer>({
        of: "store",
        what: () => `transact ${actions.map(told).join(", ")}`,
        tables: tablesOf(actions),
        act: () => store.transact(actions),
        conflict: () => conflictOf(actions),
      }),
    write: (write) =>
      make({
        of: "store",
        what: () => told(write),
        tables: [write.table],
        act: () => store.write(write),
      }),
    query: (query) =>
      make({
        of: "look",
        what: () => `query ${query.table} ${query.partition}`,
        tables: [query.table],
        act: () => store.query(query),
      }),
    scan: (table) => store.scan(table),
  };
}

function tablesOf(places: readonly Place[]): readonly string[] {
  return places.map(({ table }) => table);
}

function told(action: Action): string {
  const numbers = action.type === "add" ? ` ${JSON.stringify(action.numbers)}` : "";
  return `${action.type} ${placeText(action)}${numbers}`;
}

/** The last action met another writer, and the condition of the first does not hold either: reasons come mixed. */
function conflictOf({ length }: readonly Action[]): TransactionAnswer {
  const reasons = Array.from({ length }, (_, i) =>
    i === length - 1 ? "conflict" : i === 0 ? "condition" : "none",
  );
  return { done: false, reasons };
}
