import { expect, test } from "@jest/globals";

import { chooseViews } from "../../src/backfill/choose-views.js";
import { cacheView } from "../../src/view/cache-view.js";
import { collectDeclarations } from "../../src/view/declarations.js";
import { tableView } from "../../src/view/table-view.js";
import { boardByDestination, boardCards, boardRoutes, flights } from "./pipeline.js";

const follower = tableView({ name: "follower", source: boardByDestination, key: ["flightId"] });
const told = cacheView({ name: "told", source: flights, type: "stream", key: () => "told" });
const declarations = collectDeclarations({
  follower,
  boardByDestination,
  boardRoutes,
  boardCards,
  told,
});

test("views are grouped by source, those that are followed first", () => {
  const chosen = chooseViews(declarations, ["follower", "board-cards", "board-by-destination"]);
  expect(chosen.map(({ views }) => views)).toEqual([[boardByDestination, boardCards], [follower]]);
  expect(chosen[0]?.allViews).toEqual([boardByDestination, boardRoutes, boardCards]);
});

test.each([
  [[], /name the views: board-by-destination, follower/],
  [["no-such"], /there is no view "no-such"; there are board-by-destination/],
  [["told"], /view "told" tells of changes as they happen, so there is nothing to backfill/],
])("%j is refused with the remedy", (names, message) => {
  expect(() => chooseViews(declarations, names)).toThrow(message);
});
