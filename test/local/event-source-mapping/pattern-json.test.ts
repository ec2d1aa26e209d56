import { expect, test } from "@jest/globals";
import fc from "fast-check";

import {
  InexactNumber,
  parsePattern,
  type PatternNode,
  PatternObject,
} from "../../../src/local/event-source-mapping/pattern-json.js";

function plain(node: PatternNode): unknown {
  if (node instanceof InexactNumber) return Number(node.text);
  if (node instanceof PatternObject)
    return Object.fromEntries(node.entries.map(([key, value]) => [key, plain(value)]));
  return Array.isArray(node) ? (node as readonly PatternNode[]).map(plain) : node;
}

test("a pattern is read as JSON is, whatever stands in its texts", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat({ max: 3 }), (json, indent) => {
      const text = JSON.stringify(JSON.parse(json), null, indent);
      expect(JSON.stringify(plain(parsePattern(text)))).toBe(JSON.stringify(JSON.parse(text)));
    }),
  );
});

test("keys given twice are kept, and numbers no double holds are told apart", () => {
  expect(parsePattern('{"a":1,"a":{"b":[]}}')).toEqual(
    new PatternObject([
      ["a", 1],
      ["a", new PatternObject([["b", []]])],
    ]),
  );
  expect(parsePattern("[1e400, 12345678901234567890, 0.1]")).toEqual([
    new InexactNumber("1e400"),
    new InexactNumber("12345678901234567890"),
    0.1,
  ]);
});
