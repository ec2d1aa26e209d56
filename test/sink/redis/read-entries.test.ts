import { describe, expect, test } from "@jest/globals";

import { NumberValue } from "../../../src/change/attribute-value.js";
import { encodeJsonEntry } from "../../../src/sink/redis/encode-entry.js";
import { entryRow } from "../../../src/sink/redis/read-entries.js";
import { version } from "../contract/subject.js";

const OWNER = "abcdefgh";
const entry = (value: object) => encodeJsonEntry(`${version(7)}~${OWNER}`, value as never);

describe("an entry of JSON", () => {
  test.each([
    [{}],
    [{ id: "1", list: [1, { a: null }], text: '","_v":"' }],
    [{ exact: NumberValue.from("12345678901234567890123456789012345678") }],
  ])("is read as it was written: %j", (value) => {
    expect(entryRow("k", entry(value))).toEqual({
      key: "k",
      version: version(7),
      owner: OWNER,
      value,
    });
  });

  test.each([
    ["absent", null],
    ["empty", ""],
    ["a plain text", "hello"],
    ["JSON of somebody else", '{"id":"1"}'],
    ["a version that is none", entry({ id: "1" }).replace("~", "-")],
    ["a version of other letters", entry({ id: "1" }).replace(version(7), "v".repeat(64))],
  ])("is not what is %s", (_what, read) => {
    expect(entryRow("k", read)).toBeUndefined();
  });
});
