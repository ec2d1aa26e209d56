import { expect, test } from "@jest/globals";

import { createRedraw, type Screen } from "../../src/cli/redraw.js";

function screenOf(size: Partial<Screen>) {
  const written: string[] = [];
  const screen = {
    isTTY: true,
    columns: 10,
    rows: 4,
    ...size,
    write: (t: string) => !!written.push(t),
  };
  return { written, draw: createRedraw(screen) };
}

test("on a terminal text is drawn over what was there, as much of it as fits", () => {
  const { draw, written } = screenOf({});
  draw("\u001B[31m0123456789abc\u001B[39m\ntwo\nthree\nfour\nfive");
  draw("one");
  expect(written).toEqual([
    "\u001B[2J\u001B[H\u001B[31m0123456789\u001B[39m\u001B[K\ntwo\u001B[K\nthree\u001B[K\n\u001B[J",
    "\u001B[Hone\u001B[K\n\u001B[J",
  ]);
});

test("elsewhere block follows block, whole and plain", () => {
  const { draw, written } = screenOf({ isTTY: false });
  draw("0123456789abc\ntwo");
  draw("one");
  expect(written.join("")).toBe("0123456789abc\ntwo\n\none\n\n");
});
