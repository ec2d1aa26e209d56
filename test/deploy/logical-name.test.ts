import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import { logicalName } from "../../src/deploy/logical-name.js";

describe("a logical name", () => {
  test("is its words, each begun with a capital", () => {
    expect(logicalName("flights-by-destination", "Table")).toBe("FlightsByDestinationTable");
    expect(logicalName("orders_2026.eu", "Table")).toBe("Orders2026EuTable");
  });

  test("keeps the capitals inside a word, and leaves nothing for marks at the ends", () => {
    expect(logicalName("-ordersByDay-", "Table")).toBe("OrdersByDayTable");
    expect(logicalName("...", "Table")).toBe("Table");
  });

  test("of any table is one that CloudFormation takes", () => {
    const tableName = fc.stringMatching(/^[a-zA-Z0-9_.-]{3,255}$/);
    fc.assert(
      fc.property(tableName, (name) => {
        expect(logicalName(name, "Table")).toMatch(/^[a-zA-Z0-9]+$/);
      }),
    );
  });
});
