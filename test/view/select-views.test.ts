import { expect, test } from "@jest/globals";

import { selectViews } from "../../src/view/select-views.js";
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
