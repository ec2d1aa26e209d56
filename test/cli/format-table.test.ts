import { expect, test } from "@jest/globals";

import { formatTable } from "../../src/cli/format-table.js";

test("text stands to the left, numbers to the right, and no line ends in blanks", () => {
  const table = formatTable(
    ["view", "rows", "state"],
    [
      ["a", 7, "fine"],
      ["a-longer-one", 1234, "x"],
    ],
  );
  expect(table.split("\n")).toEqual([
    "view          rows  state",
    "a                7  fine",
    "a-longer-one  1234  x",
  ]);
});
