import { expect, test } from "@jest/globals";

import type { Item } from "../../src/change/attribute-value.js";
import { NumberValue } from "../../src/change/attribute-value.js";
import { deadlineIn } from "../../src/pipeline/clock.js";
import { createPipeline } from "../../src/pipeline/process-batch.js";
import { createAggregateSink } from "../../src/sink/aggregate/aggregate-sink.js";
import type { Store } from "../../src/sink/aggregate/store.js";
import type { Quarantine, QuarantineEntry } from "../../src/state/quarantine.js";
import { aggregateView } from "../../src/view/aggregate/aggregate-view.js";
import { count, sum } from "../../src/view/aggregate/measure.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { source } from "../../src/view/source.js";
import { streamRecord } from "../support/records.js";
import { fakeClock, RETRY } from "./pipeline-under-test.js";

interface Sale {
  readonly id: string;
  readonly shops: readonly (string | null)[];
  readonly amount: number | NumberValue;
}

const sales = source<Sale>({ table: "sales", key: ["id"] });

/** Declares the turnover of each shop, in a table of this name. */
export function turnoverOf(name: string) {
  return aggregateView({
    name,
    source: sales,
    groupBy: ({ shops }) => shops.map((shop) => ({ shop: shop ?? undefined! })),
    key: ["shop"],
    measures: { sales: count(), turnover: sum("amount") },
  });
}

/** What no aggregate can take, and how it is told. */
const BAD: Readonly<Record<string, readonly [Partial<Record<keyof Sale, unknown>>, RegExp]>> = {
  "a measure that is no number": [
    { amount: "ten" },
    /measure "turnover" is "ten", which is not a number/,
  ],
  "a group without a key": [{ shops: [null] }, /"shop" is missing/],
  "over 100 actions from one item": [
    { shops: Array.from({ length: 120 }, (_, i) => `s${i}`) },
    /100/,
  ],
  "a sum beyond 38 digits": [{ amount: new NumberValue("1e-125") }, /38 digits/],
};

/** Says of a store of aggregates and a quarantine that bad input passes through the whole pipeline as it should. */
export function describeBadInput(
  open: (view: ReturnType<typeof turnoverOf>) => Promise<{ store: Store; quarantine: Quarantine }>,
): void {
  test.each(Object.entries(BAD))(
    "G25: %s is quarantined by its item, nothing of it is done, and the others of its batch flow",
    async (name, [bad, told]) => {
      const view = turnoverOf(`turnover-${process.pid}-${Object.keys(BAD).indexOf(name)}`);
      const { store, quarantine } = await open(view);
      const sink = createAggregateSink({ store });
      const clock = fakeClock();
      const pipeline = createPipeline({
        declarations: collectDeclarations({ view }),
        ...{ sinks: { "aggregate-view": sink }, quarantine, clock, retry: RETRY },
        declaredName: (table) => table,
      });
      const deliver = (...items: readonly Item[]) =>
        pipeline.process(
          items.map((item) => streamRecord({ table: "sales", new: item })),
          deadlineIn(clock, 60_000),
        );
      const good = (id: string, amount: number) => ({ id, shops: ["a", "b"], amount });
      await deliver(good("1", 5));
      const report = await deliver(good("2", 7), { ...good("3", 1), ...bad }, good("4", 11));
      expect(report.unresolved).toEqual([]);

      const parked: QuarantineEntry[] = [];
      for await (const entry of quarantine.list(view.name)) parked.push(entry);
      expect(parked).toMatchObject([
        { itemKey: '["3"]', error: { code: "invalid-row", message: expect.stringMatching(told) as unknown } }, // prettier-ignore
      ]);
      const groups: Item[] = [];
      for await (const { value } of sink.scan(view)) groups.push(value);
      expect(groups.toSorted((a, b) => (String(a["shop"]) < String(b["shop"]) ? -1 : 1))).toEqual([
        { shop: "a", sales: 3, turnover: 23 },
        { shop: "b", sales: 3, turnover: 23 },
      ]);

      // And behind its fence the item waits, mended or not, while others go on (G7).
      await deliver(good("3", 2), good("5", 1));
      const [group] = await Promise.all([sink.get(view, { shop: "a" })]);
      expect(group?.value).toMatchObject({ sales: 4, turnover: 24 });
    },
  );
}
