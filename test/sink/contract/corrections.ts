import { expect, test } from "@jest/globals";

import type { Mutation } from "../../../src/view/row.js";
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
  target,
  version,
} from "./subject.js";

/** Corrects one row after the other, and says what became of each. */
export async function corrected<V extends View>(
  { under }: Opened<V>,
  ...mutations: Mutation<V>[]
): Promise<string[]> {
  const outcomes: string[] = [];
  for (const mutation of mutations) outcomes.push(said((await under.sink.correct([mutation]))[0]));
  return outcomes;
}

/** What is stored at exactly this version is put right, and nothing else. */
export function describeCorrections<V extends View>(
  opened: Opened<V>,
  { keepsTombstones }: SinkPromises,
): void {
  test("G56: a correction replaces the row of exactly its version and owner, and keeps the version", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    await applied(opened, put(view, { id, wrong: 1 }, 5));
    expect(
      await corrected(
        opened,
        put(view, { id, older: 1 }, 4),
        put(view, { id, newer: 1 }, 6),
        put(view, { id, other: 1 }, 5, '["other"]'),
        remove(view, id, 4),
        remove(view, id, 6),
        remove(view, id, 5, '["other"]'),
      ),
    ).toEqual(["stale", "stale", "stale", "stale", "stale", "stale"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, wrong: 1 }));
    expect(await corrected(opened, put(view, { id, right: 2 }, 5))).toEqual(["applied"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, right: 2 }));
    expect(await sink.get(view, target(view, { id }, 1).key)).toMatchObject({
      version: version(5),
    });
    const outcomes = await applied(opened, put(view, { id }, 5), put(view, { id, next: 3 }, 6));
    expect(outcomes).toEqual(["stale", "applied"]);
    expect(await corrected(opened, put(view, { id, late: 1 }, 5))).toEqual(["stale"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, next: 3 }));
  });

  test("G56: a correction names the owner as the sink tells it, too", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    await applied(opened, put(view, { id, wrong: 1 }, 5));
    const { owner } = (await sink.get(view, target(view, { id }, 1).key))!;
    expect(await corrected(opened, put(view, { id, right: 2 }, 5, owner))).toEqual(["applied"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, right: 2 }));
  });

  test("G56: nothing is corrected where nothing is stored", async () => {
    const { view } = opened.under;
    const id = freshId();
    expect(await corrected(opened, put(view, { id }, 5), remove(view, id, 5))).toEqual([
      "stale",
      "stale",
    ]);
    expect(await read(opened, id)).toBe("absent");
  });

  test("G56: a corrected row leaves; where deletions are remembered, at its version, and can come back at it", async () => {
    const { sink, view } = opened.under;
    const id = freshId();
    await applied(opened, put(view, { id }, 5));
    expect(await corrected(opened, remove(view, id, 5))).toEqual(["applied"]);
    expect(await read(opened, id)).toBe("absent");
    const left = await sink.get(view, target(view, { id }, 1).key);
    if (!keepsTombstones) {
      expect(left).toBeUndefined();
      return;
    }
    expect(left).toMatchObject({ version: version(5) });
    expect(await applied(opened, put(view, { id }, 5))).toEqual(["stale"]);
    const outcomes = await corrected(opened, put(view, { id }, 4), put(view, { id, back: 1 }, 5));
    expect(outcomes).toEqual(["stale", "applied"]);
    expect(await read(opened, id)).toBe(shown(opened, { id, back: 1 }));
    expect(await applied(opened, remove(view, id, 6))).toEqual(["applied"]);
    expect(await read(opened, id)).toBe("absent");
  });

  test("G56: what a sink cannot hold is told of a correction as of any other", async () => {
    const { view } = opened.under;
    const id = freshId();
    await applied(opened, put(view, { id }, 5));
    expect(await corrected(opened, put(view, { id, at: new Date(0) }, 5))).toEqual(["invalid-row"]);
    expect(await read(opened, id)).toBe(shown(opened, { id }));
  });
}
