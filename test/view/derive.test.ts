import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import type { Item } from "../../src/change/attribute-value.js";
import { type Change, type ChangeType, foldChanges } from "../../src/change/change.js";
import { isNewer, type Version } from "../../src/change/version.js";
import { derive } from "../../src/view/derive.js";
import type { Mutation, Row } from "../../src/view/row.js";
import { sameValue } from "../../src/view/row.js";
import { AT, changeOf, changesThrough, netChangeThrough, readOf } from "../support/records.js";

/** An item derives a row of each of its keys, holding its value. */
const view = {
  rowsOf: (item: Item): readonly Row[] =>
    ((item["keys"] ?? []) as string[]).map((key) => ({ key, value: { v: item["v"] } })),
};

function item(keys: string, v: unknown = 1): Item {
  return { id: "1", keys: [...keys], v };
}

/** Mutations in short, deletes first: `-A` deletes A, `+A1` puts A with value 1. */
function derived(...images: (Item | undefined)[]): string {
  return brief(derive(view, netChangeThrough(...images)));
}

function brief(mutations: readonly Mutation[]): string {
  return mutations
    .map(({ type, key, value }) => (type === "delete" ? `-${key}` : `+${key}${String(value["v"])}`))
    .sort((a, b) => b.codePointAt(0)! - a.codePointAt(0)! || a.localeCompare(b))
    .join(" ");
}

/** What a view makes of an item at one time: nothing is there, it is not in the view, or it has these rows. */
type Membership = "absent" | "outside" | "at A" | "at A, changed" | "at B";
/** The cells that a change of a type can have: a type says which images there are. */
type Before = { insert: "absent"; modify: Present; remove: Present; read: "absent" };
type After = { insert: Present; modify: Present; remove: "absent"; read: Present };
type Present = Exclude<Membership, "absent">;
type Transitions = {
  readonly [Type in ChangeType]: {
    readonly [Cell in `${Before[Type]} → ${After[Type]}`]: string;
  };
};

const IMAGES: Record<Membership, Item | undefined> = {
  absent: undefined,
  outside: item(""),
  "at A": item("A"),
  "at A, changed": item("A", 2),
  "at B": item("B"),
};

/** Every way a change can go and what must become of the rows; does not compile with a cell missing. */
const TRANSITIONS: Transitions = {
  insert: {
    "absent → outside": "",
    "absent → at A": "+A1",
    "absent → at A, changed": "+A2",
    "absent → at B": "+B1",
  },
  modify: {
    "outside → outside": "",
    "outside → at A": "+A1",
    "outside → at A, changed": "+A2",
    "outside → at B": "+B1",
    "at A → outside": "-A",
    "at A → at A": "",
    "at A → at A, changed": "+A2",
    "at A → at B": "-A +B1",
    "at A, changed → outside": "-A",
    "at A, changed → at A": "+A1",
    "at A, changed → at A, changed": "",
    "at A, changed → at B": "-A +B1",
    "at B → outside": "-B",
    "at B → at A": "-B +A1",
    "at B → at A, changed": "-B +A2",
    "at B → at B": "",
  },
  remove: {
    "outside → absent": "",
    "at A → absent": "-A",
    "at A, changed → absent": "-A",
    "at B → absent": "-B",
  },
  read: {
    "absent → outside": "",
    "absent → at A": "+A1",
    "absent → at A, changed": "+A2",
    "absent → at B": "+B1",
  },
};

function changeOfType(type: ChangeType, before?: Item, after?: Item): Change {
  if (type === "read") return readOf(after!);
  return changeOf({ ...(before && { old: before }), ...(after && { new: after }) });
}

describe.each(Object.entries(TRANSITIONS))("a change of type %s", (type, cells) => {
  test.each(Object.entries(cells))("G4: from %s derives [%s]", (cell, expected) => {
    const [before, after] = cell.split(" → ") as [Membership, Membership];
    const change = changeOfType(type as ChangeType, IMAGES[before], IMAGES[after]);
    expect(change.type).toBe(type);
    expect(brief(derive(view, foldChanges([change])))).toBe(expected);
  });
});

describe("a derived mutation", () => {
  test("carries view, version, owner and time of the change it comes from", () => {
    const change = changeOf({ old: item("A"), new: item("B"), at: AT + 7 });
    const { version, itemKey: owner } = change;
    const common = { view, version, owner, changedAtSeconds: AT + 7 };
    expect(derive(view, foldChanges([change]))).toEqual([
      { type: "delete", key: "A", value: { v: 1 }, ...common },
      { type: "put", key: "B", value: { v: 1 }, enters: true, ...common },
    ]);
  });

  test("says of a put whether the row enters: whether no image before derived it", () => {
    const enters = (...images: (Item | undefined)[]) =>
      derive(view, netChangeThrough(...images)).flatMap((mutation) =>
        mutation.type === "put" ? [`${mutation.key}${mutation.enters ? " enters" : ""}`] : [],
      );
    expect(enters(undefined, item("A"))).toEqual(["A enters"]);
    expect(enters(item("A"), item("AB", 2))).toEqual(["A", "B enters"]);
    expect(enters(item("A"), undefined, item("A"))).toEqual(["A"]);
  });

  test("of a fan-out is derived row by row: the equal ones cost nothing", () => {
    expect(derived(item("ABC"), item("BCD"))).toBe("-A +D1");
    expect(derived(item("AB"), item("AB", 2))).toBe("+A2 +B2");
    expect(derived(item("AB"), item("BA"))).toBe("");
  });

  test("A5: is derived from view and change alone, and touches neither", () => {
    const change = netChangeThrough(item("AB"), item("BC", 2));
    const before = structuredClone(change);
    const first = derive(view, change);
    expect(derive(view, change)).toEqual(first);
    expect(change).toEqual(before);
  });

  test("passes on what a view's function throws", () => {
    const failing = {
      rowsOf: () => {
        throw new Error("no rows today");
      },
    };
    expect(() => derive(failing, netChangeThrough(undefined, item("A")))).toThrow("no rows today");
  });
});

describe("folded changes", () => {
  test("G5: an insert and a delete still delete: an earlier attempt may have put the row", () => {
    expect(derived(undefined, item("A"), undefined)).toBe("-A");
  });

  test("G5: every key of an image in between is cleaned up", () => {
    expect(derived(item("A"), item("B"), item("C"))).toBe("-A -B +C1");
    expect(derived(undefined, item("A"), item("B"), undefined)).toBe("-A -B");
    expect(derived(item(""), item("AB"), item("B"), item(""))).toBe("-A -B");
  });

  test("G5: a row that changed and changed back is put: the change may have been written", () => {
    expect(derived(item("A"), item("A", 2), item("A"))).toBe("+A1");
  });

  test("G5: a row that left and came back is put, not deleted", () => {
    expect(derived(item("A"), item(""), item("A"))).toBe("+A1");
    expect(derived(item("A"), undefined, item("A"))).toBe("+A1");
    expect(derived(item("A"), item("B"), item("A"))).toBe("-B +A1");
  });

  test("G5: a row that no change touched costs nothing", () => {
    const at = (other: number) => ({ ...item("A"), other });
    expect(derived(at(1), at(2), at(3))).toBe("");
  });

  test("G5: a row of an image whose own record is missing is cleaned up too", () => {
    const net = foldChanges([
      changeOf({ old: item("A"), new: item("B") }),
      changeOf({ old: item("C"), new: item("D") }),
    ]);
    expect(brief(derive(view, net))).toBe("-A -B -C +D1");
  });

  test("no key is both put and deleted, nor named twice", () => {
    fc.assert(
      fc.property(fc.array(images, { minLength: 2, maxLength: 6 }), (chain) => {
        const [first, ...rest] = changesThrough(chain);
        fc.pre(first !== undefined);
        const keys = derive(view, foldChanges([first, ...rest])).map(({ key }) => key);
        expect(new Set(keys).size).toBe(keys.length);
      }),
    );
  });
});

const images = fc.option(
  fc
    .record({ keys: fc.subarray(["A", "B", "C"]), v: fc.integer({ min: 0, max: 2 }) })
    .map(({ keys, v }): Item => ({ id: "1", keys, v })),
  { nil: undefined, freq: 3 },
);

interface Stored {
  readonly version: Version;
  readonly value?: Item;
}

/** A sink that keeps tombstones, by the rule every sink keeps. */
function apply(store: Map<string, Stored>, mutations: readonly Mutation[]): void {
  for (const { type, key, version, value } of mutations) {
    const stored = store.get(key);
    if (stored && !isNewer(version, stored.version)) continue;
    store.set(key, type === "put" ? { version, value } : { version });
  }
}

/** A sink that forgets deletions, as a table view does by default. */
function applyForgetting(store: Map<string, Stored>, mutations: readonly Mutation[]): void {
  apply(store, mutations);
  for (const [key, { value }] of store) if (!value) store.delete(key);
}

/** How changes reach a function: batches of any size, each begun again from any record on, any number of times. */
const deliveries = fc.array(
  fc.record({
    size: fc.integer({ min: 1, max: 4 }),
    /** Of the mutations of a failed first attempt, those that got through before it failed. */
    attempt: fc.array(fc.boolean(), { maxLength: 6 }),
    back: fc.integer({ min: 0, max: 4 }),
  }),
  { minLength: 30, maxLength: 30 },
);

describe.each([
  ["a sink that keeps tombstones", apply],
  ["a sink that forgets deletions", applyForgetting],
])("in %s", (_what, applyTo) => {
  test("A1, G3: however the changes are cut and delivered again, the rows are those of the last image", () => {
    fc.assert(
      fc.property(fc.array(images, { minLength: 2, maxLength: 10 }), deliveries, (chain, plan) => {
        const changes = changesThrough(chain);
        const store = new Map<string, Stored>();
        for (const { key, value } of rowsOf(chain[0])) {
          store.set(key, { version: "" as Version, value });
        }
        deliver(changes, plan, (mutations) => applyTo(store, mutations));
        const rows = [...store].flatMap(([key, { value }]) => (value ? [{ key, value }] : []));
        const byKey = (a: Row, b: Row) => a.key.localeCompare(b.key);
        expect(rows.sort(byKey)).toEqual([...rowsOf(chain.at(-1))].sort(byKey));
      }),
      { numRuns: 500 },
    );
  });
});

function rowsOf(image: Item | undefined): readonly Row[] {
  return image ? view.rowsOf(image) : [];
}

function deliver(
  changes: readonly Change[],
  plan: readonly { size: number; attempt: readonly boolean[]; back: number }[],
  apply: (mutations: readonly Mutation[]) => void,
): void {
  let position = 0;
  for (const { size, attempt, back } of plan) {
    const [first, ...rest] = changes.slice(position, position + size);
    if (!first) return;
    const mutations = derive(view, foldChanges([first, ...rest]));
    apply(mutations.filter((_mutation, i) => attempt[i]));
    // A failed attempt is followed by batches that begin anywhere before its end.
    if (attempt.length > 0 && back > 0) {
      position = Math.max(0, position - back);
      continue;
    }
    apply(mutations);
    position += size;
  }
  for (const change of changes.slice(position)) apply(derive(view, foldChanges([change])));
}

test("rows are compared by what they hold", () => {
  const net = netChangeThrough(item("A", new Set(["x", "y"])), item("A", new Set(["y", "x"])));
  expect(derive(view, net)).toEqual([]);
  expect(sameValue({ v: 1 }, { v: 2 })).toBe(false);
});
