import { expect, test } from "@jest/globals";

import { streamVersion } from "../../../src/change/version.js";
import type { Mutation } from "../../../src/view/row.js";
import type { View } from "../../../src/view/view.js";
import { LABEL } from "../../support/records.js";
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
  target,
  version,
} from "./subject.js";

/** What is newer wins. */
export function describeOrder<V extends View>(
  opened: Opened<V>,
  { keepsTombstones }: SinkPromises,
): void {
  test("a newer put replaces the whole row; an equal or older one is stale and changes nothing", async () => {
    const { view } = opened.under;
    const id = freshId();
    const outcomes = await applied(
      opened,
      put(view, { id, a: 1 }, 5),
      put(view, { id, b: 2 }, 6),
      put(view, { id, c: 3 }, 6),
      put(view, { id, d: 4 }, 5),
    );
    expect(outcomes).toEqual(["applied", "applied", "stale", "stale"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, b: 2 }));
  });

  test("N1: versions are compared digit by digit, as text of fixed width", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    const at = (sequence: string, label = LABEL): Mutation<V> => ({
      ...put(view, { id, sequence }, 1),
      version: streamVersion(label, sequence),
    });
    const steps = [
      at("9".repeat(21)),
      at("1" + "0".repeat(38) + "0"),
      at("1" + "0".repeat(38) + "1"),
      at("1" + "0".repeat(38) + "0"),
      at("1", "2026-02-01T00:00:00.000"),
      at("9".repeat(40)),
    ];
    const outcomes: string[] = [];
    for (const step of steps) outcomes.push(said((await sink.apply([step]))[0]));
    expect(outcomes).toEqual(["applied", "applied", "applied", "stale", "applied", "stale"]);
  });

  test("a newer delete removes the row; an equal or older one is stale and leaves it", async () => {
    const { view } = opened.under;
    const id = freshId();
    expect(
      await applied(opened, put(view, { id }, 5), remove(view, id, 4), remove(view, id, 5)),
    ).toEqual(["applied", "stale", "stale"]);
    expect(await read(opened, id)).toBe(shown(opened, { id }));
    expect(await applied(opened, remove(view, id, 6), remove(view, id, 6))).toEqual([
      "applied",
      "stale",
    ]);
    expect(await read(opened, id)).toBe("absent");
  });

  test("a put newer than a delete brings the row back", async () => {
    const { view } = opened.under;
    const id = freshId();
    const outcomes = await applied(
      opened,
      put(view, { id, a: 1 }, 1),
      remove(view, id, 2),
      put(view, { id, a: 3 }, 3),
    );
    expect(outcomes).toEqual(["applied", "applied", "applied"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, a: 3 }));
  });

  if (!keepsTombstones) {
    test("the delete of an absent row is stale, and nothing is kept of it", async () => {
      const { sink, view } = opened.under;
      const id = freshId();
      expect(await applied(opened, remove(view, id, 2))).toEqual(["stale"]);
      expect(await sink.get(view, target(view, { id }, 1).key)).toBeUndefined();
    });
    return;
  }

  test("a delete is remembered: a put as old or older loses, whether or not there was a row", async () => {
    const { sink, view } = opened.under;
    for (const first of [true, false]) {
      const id = freshId();
      if (first) await applied(opened, put(view, { id }, 1));
      const outcomes = await applied(
        opened,
        remove(view, id, 3),
        put(view, { id }, 3),
        put(view, { id }, 2),
        remove(view, id, 2),
      );
      expect(outcomes).toEqual(["applied", "stale", "stale", "stale"]);
      const tombstone = await sink.get(view, target(view, { id }, 1).key);
      expect(tombstone).toMatchObject({ version: version(3) });
      expect(tombstone).not.toHaveProperty("value");
    }
  });
}
