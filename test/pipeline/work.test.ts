import { describe, expect, test } from "@jest/globals";

import { decodeRecord } from "../../src/change/decode-record.js";
import { MillraceError } from "../../src/errors.js";
import { formLanes, type Lane } from "../../src/pipeline/lanes.js";
import { deriveWork, settleWork, type Work } from "../../src/pipeline/work.js";
import type { ApplyResult } from "../../src/sink/sink.js";
import { source } from "../../src/view/source.js";
import { tableView } from "../../src/view/table-view.js";
import { sequenceNumber, streamRecord } from "../support/records.js";
import { totals } from "./pipeline-under-test.js";

function lane(order: { id: string; poison?: boolean; total?: unknown }): Lane {
  const record = streamRecord({ new: { ...order }, sequenceNumber: 9 });
  return formLanes([{ record, change: decodeRecord(record, () => ["id"]) }])[0]!;
}

describe("deriving work", () => {
  test("gives the mutations of the lane's change in the view", () => {
    const work = deriveWork(totals, lane({ id: "1", total: 3 }));
    expect(work.poison).toBeUndefined();
    expect(work.mutations).toMatchObject([{ type: "put", key: '["1"]', value: { total: 3 } }]);
  });

  test("G6: what a view's function throws becomes the work's poison, with view, item and sequence number", () => {
    const { poison, mutations } = deriveWork(totals, lane({ id: "1", poison: true }));
    expect(mutations).toEqual([]);
    expect(poison).toMatchObject({
      code: "view-failed",
      context: { view: "totals", key: '["1"]', sequenceNumber: sequenceNumber(9) },
    });
    expect(poison?.message).toContain("total.toFixed is not a function");
    expect(poison?.cause).toBeInstanceOf(TypeError);
  });

  test("a row that no table can hold is poison of its own kind", () => {
    const items = source<{ id: string }>({ table: "items", key: ["id"] });
    const keyless = tableView({ name: "keyless", source: items, key: ["owner"], row: () => ({ owner: "" }) }); // prettier-ignore
    expect(deriveWork(keyless, lane({ id: "1" })).poison).toMatchObject({
      code: "invalid-row",
      context: { view: "keyless", key: '["1"]' },
    });
  });

  test("anything else that is thrown is told as the view's failure", () => {
    const view = { ...totals, name: "odd", rowsOf: () => JSON.parse("{") as [] };
    expect(deriveWork(view, lane({ id: "1" })).poison).toMatchObject({ code: "view-failed" });
  });
});

describe("settling work", () => {
  function settled(...codes: ("applied" | MillraceError)[]): Work {
    const work = deriveWork(totals, lane({ id: "1" }));
    settleWork(
      work,
      codes.map((code): ApplyResult =>
        code === "applied" ? { outcome: code } : { outcome: "failed", error: code },
      ),
    );
    return work;
  }
  const throttled = new MillraceError("unavailable", "throttled");
  const tooLarge = new MillraceError("invalid-row", "too large");

  test("leaves nothing open where everything was applied or stale", () => {
    expect(settled("applied", "applied")).toHaveProperty("mutations");
    expect(settled("applied")).not.toHaveProperty("poison");
    expect(settled("applied")).not.toHaveProperty("unresolved");
  });

  test("G8: what is retriable is unresolved, what is not is poison, and the first of each tells", () => {
    const another = new MillraceError("collision", "two orders");
    expect(settled("applied", throttled)).toMatchObject({ unresolved: throttled });
    expect(settled(tooLarge, another)).toMatchObject({ poison: tooLarge });
    expect(settled(throttled, tooLarge)).toMatchObject({ poison: tooLarge, unresolved: throttled });
  });

  test("a mistake of the configuration is nobody's poison: it is thrown", () => {
    const missing = new MillraceError("configuration", 'table "totals" does not exist');
    expect(() => settled(tooLarge, missing)).toThrow(missing);
  });
});
