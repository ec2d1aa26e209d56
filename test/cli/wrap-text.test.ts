import { expect, test } from "@jest/globals";

import { wrapText } from "../../src/cli/wrap-text.js";

test("text breaks between words, and what follows is indented", () => {
  expect(wrapText("one two three four", 9, 2)).toBe("one two\n  three\n  four");
  expect(wrapText("one two", Infinity, 2)).toBe("one two");
  expect(wrapText("unbreakable a", 4)).toBe("unbreakable\na");
});
