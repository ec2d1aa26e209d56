import type { WireItem } from "../../change/attribute-value.js";
import { type EncodedItem, encodeItem } from "../../change/encode-item.js";
import { MillraceError } from "../../errors.js";
import { addExactly, holdableNumber } from "../../view/aggregate/decimal.js";
import {
  type Action,
  type AddWrite,
  type Condition,
  MOST_ACTIONS,
  type Place,
  type Reason,
  type Store,
  WORKINGS_KEY,
  type Write,
} from "./store.js";
import { placeText } from "./workings.js";

interface Entry {
  readonly place: Place;
  readonly item: EncodedItem;
}

/** A store in memory: the reference for what every store does. Each call sees one state and leaves one state. */
export function createMemoryStore(): Store {
  const entries = new Map<string, Entry>();

  function apply(write: Write): void {
    const text = placeText(write);
    const { table, key } = write;
    const place = { table, key };
    switch (write.type) {
      case "put":
        entries.set(text, { place, item: structuredClone({ ...write.attributes, ...key }) });
        break;
      case "delete":
        entries.delete(text);
        break;
      case "add":
        entries.set(text, { place, item: added(write, entries.get(text)?.item ?? key) });
        break;
    }
  }

  return {
    async read(places) {
      return places.map((place) => structuredClone(entries.get(placeText(place))?.item));
    },
    async transact(actions) {
      requireTransaction(actions);
      const reasons = actions.map((action) =>
        reasonOf(action, entries.get(placeText(action))?.item),
      );
      if (reasons.some((reason) => reason !== "none")) return { done: false, reasons };
      for (const action of actions) if (action.type !== "check") apply(action);
      return { done: true };
    },
    async write(write) {
      const reason = reasonOf(write, entries.get(placeText(write))?.item);
      if (reason === "condition") return "refused";
      if (reason === "invalid")
        throw new MillraceError("invalid-row", `the store cannot hold the result of ${write.type}`);
      apply(write);
      return "done";
    },
    async query({ table, partition, descending, limit }) {
      const { partition: pk, sort: sk } = WORKINGS_KEY;
      const found = [...entries.values()]
        .filter(({ place }) => place.table === table && textOf(place.key[pk]) === partition)
        .sort((a, b) => compareBytes(textOf(a.place.key[sk]), textOf(b.place.key[sk])));
      if (descending) found.reverse();
      return structuredClone(found.slice(0, limit).map(({ item }) => item));
    },
    async *scan(table): AsyncGenerator<WireItem> {
      for (const { place, item } of [...entries.values()])
        if (place.table === table) yield structuredClone(item);
    },
  };
}

function requireTransaction(actions: readonly Action[]): void {
  const places = new Set(actions.map(placeText));
  if (actions.length < 1 || actions.length > MOST_ACTIONS)
    throw new MillraceError("invalid-row", `a transaction of ${actions.length} actions`);
  if (places.size < actions.length)
    throw new MillraceError("invalid-row", "a transaction with two actions on one item");
}

function reasonOf(action: Action, stored: EncodedItem | undefined): Reason {
  if (action.condition && !holds(action.condition, stored)) return "condition";
  if (action.type !== "add") return "none";
  try {
    added(action, stored ?? {});
    return "none";
  } catch {
    return "invalid";
  }
}

function added({ numbers, set = {}, remove = [] }: AddWrite, stored: EncodedItem): EncodedItem {
  const item = structuredClone(stored);
  for (const [name, number] of Object.entries(numbers)) {
    const before = item[name] ?? { N: "0" };
    if (!("N" in before)) throw new MillraceError("invalid-row", `"${name}" is not a number`);
    const sum = addExactly(before.N, holdableNumber(number));
    Object.assign(item, encodeItem({ [name]: holdableNumber(sum) }));
  }
  Object.assign(item, structuredClone(set));
  for (const name of remove) delete item[name];
  return item;
}

function holds(condition: Condition, stored: EncodedItem | undefined): boolean {
  switch (condition.type) {
    case "absent":
      return stored === undefined;
    case "equals":
      return (
        stored !== undefined &&
        JSON.stringify(valueAt(stored, condition.path)) === JSON.stringify(condition.value)
      );
    case "above": {
      const value = stored?.[condition.attribute];
      return value !== undefined && "N" in value && Number(value.N) > condition.bound;
    }
    case "absent-or-has":
      return stored === undefined || condition.attribute in stored;
  }
}

function valueAt(item: EncodedItem, path: readonly string[]): EncodedItem[string] | undefined {
  const [first = "", ...rest] = path;
  const value = item[first];
  if (rest.length === 0) return value;
  return value !== undefined && "M" in value ? valueAt(value.M, rest) : undefined;
}

function textOf(value: EncodedItem[string] | undefined): string {
  return value !== undefined && "S" in value ? value.S : "";
}

function compareBytes(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}
