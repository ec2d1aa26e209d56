import { describe, expect, test } from "@jest/globals";

import { plannedChanges } from "../../src/plan/changes.js";
import type { FoundTable, TableState } from "../../src/plan/table-state.js";
import { digestsOf, type RecordedDefinition } from "../../src/state/view-records.js";
import { orders, totals } from "../pipeline/pipeline-under-test.js";

const NEW_IMAGES = "NEW_AND_OLD_IMAGES";
const sourceFound: FoundTable = { key: "id (S)", streamViewType: NEW_IMAGES, isEmpty: false };
const viewFound: FoundTable = { key: "id (S)", ttlAttribute: "_ttl", isEmpty: false };
const recorded: RecordedDefinition = {
  ...{ digests: digestsOf(totals.definition), tables: ["totals"], recordedAtMs: 0 },
  by: "dev",
};

/** A source and its view as they are found, and what is planned of them. */
function planned(given: {
  readonly source?: FoundTable | "missing";
  readonly view?: FoundTable | "missing";
  readonly recorded?: "never" | { readonly digests: Record<string, string> };
}) {
  const { source = sourceFound, view = viewFound } = given;
  const tables: TableState[] = [
    {
      definition: { ...orders, followed: true },
      name: "dev-orders",
      ...(source !== "missing" && { found: source }),
    },
    {
      definition: { ...totals, followed: false, ttlAttribute: "_ttl" },
      name: "dev-totals",
      ...(view !== "missing" && { found: view }),
    },
  ];
  const written = given.recorded ?? recorded;
  const state = written === "never" ? {} : { recorded: { ...recorded, ...written } };
  return plannedChanges(tables, [{ view: totals, ...state }]);
}

describe("G43: a plan", () => {
  test("has nothing to do where all there is is as declared", () => {
    expect(planned({})).toEqual([]);
  });

  test.each<[string, Parameters<typeof planned>[0], RegExp]>([
    ["create", { source: "missing" }, /"dev-orders" with the key id \(S\), with a stream/],
    ["create", { view: "missing", source: { ...sourceFound, isEmpty: true } }, /"dev-totals"/],
    ["replace", { view: { ...viewFound, key: "id (N)" } }, /has the key id \(N\), but id \(S\)/],
    ["update", { source: { key: "id (S)", isEmpty: false } }, /"dev-orders" has no stream/],
    ["update", { source: { ...sourceFound, streamViewType: "KEYS_ONLY" } }, /of KEYS_ONLY/],
    ["update", { view: { key: "id (S)", isEmpty: false } }, /no time to live on "_ttl"/],
    ["backfill", { recorded: "never", view: { ...viewFound, isEmpty: true } }, /never backfilled/],
  ])("would %s: %j", (kind, given, message) => {
    expect(planned(given)).toMatchObject([
      { kind, message: expect.stringMatching(message) as unknown },
    ]);
  });

  test("backfills a new view of a source that has items, and of an empty one does not", () => {
    const kinds = planned({ view: "missing", recorded: "never" }).map(({ kind }) => kind);
    expect(kinds).toEqual(["create", "backfill"]);
    const source = { ...sourceFound, isEmpty: true };
    expect(planned({ view: "missing", source, recorded: "never" })).toHaveLength(1);
  });

  test("names the parts in which a declaration changed since rows were written", () => {
    const { row: _row, ...others } = recorded.digests;
    const [change, ...rest] = planned({ recorded: { digests: { ...others, where: "other" } } });
    expect(rest).toEqual([]);
    expect(change).toMatchObject({ kind: "redefine", subject: "totals" });
    expect(change?.message).toContain('view "totals": row, where changed since 1970-01-01');
  });

  test("leaves alone rows of which nobody wrote down what they were declared as", () => {
    expect(planned({ recorded: "never" })).toEqual([]);
  });
});
