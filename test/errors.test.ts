import { describe, expect, test } from "@jest/globals";

import {
  configurationError,
  type ErrorCode,
  isMillraceError,
  messageOf,
  MillraceError,
  unreachable,
} from "../src/errors.js";

/** Whether trying again can help, unless the error says otherwise; does not compile with a code missing. */
const RETRIABLE: Readonly<Record<ErrorCode, boolean>> = {
  configuration: false,
  "malformed-record": false,
  "view-failed": false,
  "invalid-row": false,
  collision: false,
  unavailable: true,
  refused: false,
  "given-up": false,
  lost: false,
};

describe("an error of Millrace's own", () => {
  test.each(Object.entries(RETRIABLE))("with code %s is retriable: %s", (code, retriable) => {
    expect(new MillraceError(code as ErrorCode, "m").retriable).toBe(retriable);
    expect(new MillraceError(code as ErrorCode, "m", { retriable: !retriable }).retriable).toBe(
      !retriable,
    );
  });

  test("carries message, cause and context", () => {
    const cause = new Error("below");
    const error = new MillraceError("refused", "above", { cause, context: { view: "v" } });
    expect(error).toMatchObject({
      name: "MillraceError",
      message: "above",
      cause,
      context: { view: "v" },
    });
    expect(new MillraceError("refused", "alone")).not.toHaveProperty("cause");
    expect(new MillraceError("refused", "alone").context).toEqual({});
  });

  test("is recognised when another copy of the package made it, and nothing else is", () => {
    const foreign = Object.assign(new Error("from a copy"), {
      [Symbol.for("millrace.error")]: true,
    });
    expect(isMillraceError(foreign)).toBe(true);
    expect(isMillraceError(new MillraceError("refused", "m"))).toBe(true);
    for (const other of [new Error("m"), { code: "refused" }, null, undefined, "refused"])
      expect(isMillraceError(other)).toBe(false);
  });

  test("G12: lists every mistake, one a line", () => {
    expect(configurationError("environment", ["a is wrong", "b is missing"]).message).toBe(
      "environment: 2 mistakes\n  - a is wrong\n  - b is missing",
    );
    expect(configurationError("pipeline", ["a is wrong"]).message).toBe(
      "pipeline: 1 mistake\n  - a is wrong",
    );
    expect(configurationError("pipeline", ["a"]).code).toBe("configuration");
  });
});

test("anything thrown has a message", () => {
  expect([new Error("m"), "text", 5, undefined].map(messageOf)).toEqual([
    "m",
    "text",
    "5",
    "undefined",
  ]);
});

test("a case that cannot be is told by its value if it comes all the same", () => {
  expect(() => unreachable("other" as never)).toThrow('unexpected value "other"');
});
