import { expect, test } from "@jest/globals";

import { selectViews, versionsOf } from "../../src/view/select-views.js";
import { first, second, third } from "../evolve/versions.js";
import { byCustomer, cards, totals } from "../pipeline/pipeline-under-test.js";

const views = [byCustomer, totals, cards];

test("views are selected by name, in the order they are declared in; all where none is named", () => {
  expect(selectViews(views, ["cards", "by-customer"])).toEqual([byCustomer, cards]);
  expect(selectViews(views, [])).toEqual(views);
});

test("G12: names that no view has are told together, with those that there are", () => {
  expect(() => selectViews(views, ["total", "cards", "card"])).toThrow(
    'no view is named "total", "card"; there are: by-customer, totals, cards',
  );
});

test("of a view's versions a name alone is the newest, and each has its number", () => {
  const all = [second, cards, third, first];
  expect(selectViews(all, ["open-orders"])).toEqual([third]);
  expect(selectViews(all, ["open-orders@1", "open-orders@2"])).toEqual([second, first]);
  expect(() => selectViews(all, ["open-orders@4"])).toThrow('no view is named "open-orders@4"');
  expect(versionsOf(all, "open-orders")).toEqual([first, second, third]);
});
