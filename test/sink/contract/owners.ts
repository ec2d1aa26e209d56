import { expect, test } from "@jest/globals";

import type { View } from "../../../src/view/view.js";
import {
  applied,
  freshId,
  type Opened,
  put,
  read,
  remove,
  said,
  shown,
  type SinkPromises,
} from "./subject.js";

/** Whose row it is. */
export function describeOwners<V extends View>(
  opened: Opened<V>,
  { keepsTombstones }: SinkPromises,
): void {
  test("N2: a put never overwrites another item's row, older or newer: it is a collision that names view and row", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    await sink.apply([put(view, { id, of: "a" }, 5, '["a"]')]);
    for (const n of [4, 6]) {
      const [result] = await sink.apply([put(view, { id, of: "b" }, n, '["b"]')]);
      expect(said(result)).toBe("collision");
      if (result?.outcome !== "failed") continue;
      expect(result.error.retriable).toBe(false);
      expect(result.error.message).toContain(view.name);
      expect(result.error.message).toContain(id);
      expect(result.error.message).toContain('["b"]');
    }
    expect(await read(opened, id)).toBe(shown(opened, { id, of: "a" }));
  });

  test("a delete never removes another item's row", async () => {
    const { view } = opened.under;
    const id = freshId();
    await applied(opened, put(view, { id, of: "a" }, 5, '["a"]'));
    expect(await applied(opened, remove(view, id, 6, '["b"]'))).toEqual(["stale"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, of: "a" }));
  });

  test("a row that its item has left can be taken over by another, whichever version is higher", async () => {
    const { view } = opened.under;
    const id = freshId();
    const outcomes = await applied(
      opened,
      put(view, { id, of: "a" }, 5, '["a"]'),
      remove(view, id, 6, '["a"]'),
      put(view, { id, of: "b" }, 2, '["b"]'),
      put(view, { id, of: "b" }, 3, '["b"]'),
      remove(view, id, 4, '["b"]'),
    );
    expect(outcomes).toEqual(["applied", "applied", "applied", "applied", "applied"]);
    expect(await read(opened, id)).toBe("absent");
  });

  if (!keepsTombstones) return;
  test("a delete of an item that has no row leaves another item's tombstone as it is", async () => {
    const { view } = opened.under;
    const id = freshId();
    const outcomes = await applied(
      opened,
      remove(view, id, 5, '["a"]'),
      remove(view, id, 6, '["b"]'),
      put(view, { id }, 4, '["a"]'),
    );
    expect(outcomes).toEqual(["applied", "stale", "stale"]);
  });
}
