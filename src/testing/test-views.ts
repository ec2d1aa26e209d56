import { decodeItem, type Item } from "../change/attribute-value.js";
import { encodeItem } from "../change/encode-item.js";
import { keyText } from "../change/item-key.js";
import { MillraceError } from "../errors.js";
import type { Clock } from "../pipeline/clock.js";
import { encodeKeyValues, type KeyValues } from "../read/key-values.js";
import type { AggregateView } from "../view/aggregate/aggregate-view.js";
import type { CacheView } from "../view/cache-view.js";
import { collectDeclarations, followedTables } from "../view/declarations.js";
import type { Source } from "../view/source.js";
import type { TableView } from "../view/table-view.js";
import type { View } from "../view/view.js";
import type { RecordedWrite } from "./deliver-randomly.js";
import { inKeyOrder } from "./key-order.js";
import { createRehearsal } from "./rehearsal.js";
import { verifyDeliveries, type VerifyOptions } from "./verify-deliveries.js";

/** A view whose rows have type `R`. */
export type ViewOf<R extends object> = TableView<R> | AggregateView<R> | CacheView<R>;

/** Some attributes of an item, with new values; `undefined` removes one. */
export type ItemChanges<I> = { readonly [Name in keyof I]?: I[Name] | undefined };

/** A change that a view could not take. */
export interface QuarantinedChange {
  readonly view: string;
  /** Key of the item, as a JSON array. */
  readonly itemKey: string;
  /** Why, as the pipeline would tell it. */
  readonly message: string;
}

/** Views under test: writes go in, rows come out, all of it in memory and by the pipeline's own code. */
export interface TestViews {
  /** Puts items that are there to begin with. */
  given<I extends object>(source: Source<I>, items: readonly NoInfer<I>[]): Promise<void>;
  /** Puts an item, new or in place of the one with its key. */
  put<I extends object>(source: Source<I>, item: NoInfer<I>): Promise<void>;
  /** Changes some attributes of an item that is there. */
  update<I extends object>(
    source: Source<I>,
    key: KeyValues<NoInfer<I>>,
    changes: ItemChanges<NoInfer<I>>,
  ): Promise<void>;
  /** Deletes an item; nothing happens where there is none. */
  delete<I extends object>(source: Source<I>, key: KeyValues<NoInfer<I>>): Promise<void>;
  /**
   * All rows of a view, or what the entries of a cache view hold, in the order of their keys.
   *
   * Rejects with the reason where the view could not take a change.
   */
  rows<R extends object>(view: ViewOf<R>): Promise<R[]>;
  /** The changes that a view, or any view, could not take, and those that wait behind them. */
  quarantined(view?: View): Promise<readonly QuarantinedChange[]>;
  /**
   * Proves the views true however the changes so far are delivered: shuffled across items, in batches cut anywhere, many
   * of them again, every view must equal its recomputation from its source.
   *
   * Rejects telling the rows that differ and the seed that shows it again, or what is not deterministic about a view.
   */
  verify(options?: VerifyOptions): Promise<void>;
}

/**
 * Sets up the views that a module declares for a test: no AWS, no server, any test runner.
 *
 * @example
 * const views = testViews(pipeline);
 * await views.put(orders, { orderId: "o-1", customerId: "c-7", status: "OPEN", total: 5 });
 * expect(await views.rows(openOrders)).toEqual([{ orderId: "o-1", customerId: "c-7", status: "OPEN", total: 5 }]);
 * await views.verify();
 *
 * @throws `configuration`, listing every mistake in the declarations.
 */
export function testViews(pipeline: Readonly<Record<string, unknown>>): TestViews {
  const declarations = collectDeclarations(pipeline);
  const rehearsal = createRehearsal(declarations, STANDING_CLOCK);
  const writes: RecordedWrite[] = [];

  function write(source: Source, itemKey: string, item: Item | undefined): void {
    // A copy, as a table keeps: whatever the test does to its object afterwards is no write.
    const kept = item && decodeItem(encodeItem(item));
    const { table } = source;
    rehearsal.tables.get(table)?.write(itemKey, kept);
    writes.push({ table, itemKey, ...(kept && { item: kept }) });
  }

  function put(source: Source, item: object): void {
    requireSource(source);
    write(source, keyOf(source, item as Item), item as Item);
  }

  function requireSource({ table }: Source): void {
    const followed = followedTables(declarations).map((each) => each.table);
    if (declarations.sources.some((each) => each.table === table) && followed.includes(table))
      return;
    throw new MillraceError(
      "configuration",
      `"${table}" is no source that a view of the pipeline follows; there are ${followed.join(", ")}`,
    );
  }

  async function quarantined(view?: View): Promise<readonly QuarantinedChange[]> {
    await rehearsal.deliverAll();
    return (await rehearsal.quarantined())
      .filter((entry) => view === undefined || entry.view === view.name)
      .map(({ view: name, itemKey, error }) => ({ view: name, itemKey, message: error.message }));
  }

  return {
    async given(source, items) {
      for (const item of items) put(source, item);
    },
    async put(source, item) {
      put(source, item);
    },
    async update(source, key, changes) {
      requireSource(source);
      const itemKey = keyOf(source, requireKey(source, key));
      const before = rehearsal.tables.get(source.table)?.get(itemKey);
      if (before === undefined)
        throw new MillraceError(
          "configuration",
          `source "${source.table}" has no item ${itemKey} to update; put it first`,
        );
      write(source, itemKey, changed(before, { ...changes, ...key }));
    },
    async delete(source, key) {
      requireSource(source);
      write(source, keyOf(source, requireKey(source, key)), undefined);
    },
    async rows<R extends object>(view: ViewOf<R>) {
      const [refused] = await quarantined(view);
      if (refused) throw new MillraceError("view-failed", refused.message);
      const rows = await rehearsal.rows(view);
      return inKeyOrder(view, rows).map(({ value }) => value as R);
    },
    quarantined,
    verify: (options = {}) => verifyDeliveries(declarations, writes, STANDING_CLOCK, options),
  };
}

/** Time stands still and chance is even, so that a test says the same every time. */
const STANDING_CLOCK: Clock = {
  nowMs: () => Date.UTC(2026, 0, 1),
  sleep: async () => undefined,
  random: () => 0.5,
};

function keyOf(source: Source, item: Item): string {
  return keyText(
    source.key.map(({ name }) => name),
    item,
  );
}

function requireKey(source: Source, key: object): Item {
  encodeKeyValues(`source "${source.table}"`, source.key, key as Item);
  return key as Item;
}

function changed(before: Item, changes: object): Item {
  return Object.fromEntries(
    Object.entries({ ...before, ...changes }).filter(([, value]) => value !== undefined),
  );
}
