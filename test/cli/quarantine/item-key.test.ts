import { expect, test } from "@jest/globals";

import { requireView, typedItemKey } from "../../../src/cli/quarantine/item-key.js";
import { redriveUnderTest } from "../../redrive/redrive-under-test.js";

test("takes a key as Millrace writes it, or one plain text", () => {
  expect(typedItemKey('["c-1", 7]')).toBe('["c-1",7]');
  expect(typedItemKey("o-1")).toBe('["o-1"]');
  expect(typedItemKey("17")).toBe('["17"]');
});

test("tells which views there are, where one is meant that is not among them", () => {
  const { declarations } = redriveUnderTest().parts;
  for (const name of [undefined, "*", "cards"])
    expect(() => requireView(declarations, name)).not.toThrow();
  expect(() => requireView(declarations, "nix")).toThrow(
    /no view "nix".*by-customer, cards, totals/,
  );
});
