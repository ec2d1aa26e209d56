import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";

import {
  isNewer,
  isReadVersion,
  padSequenceNumber,
  parseStreamArn,
  parseVersion,
  readVersion,
  streamVersion,
  VERSION_LENGTH,
} from "../../src/change/version.js";
import { LABEL, sequenceNumber, streamArn } from "../support/records.js";

const NEWER_LABEL = "2026-01-02T00:00:00.000";
const sequenceNumbers = fc.bigInt({ min: 0n, max: 10n ** 40n - 1n });
const labels = fc
  .date({ min: new Date("2012-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 23));

describe("a version", () => {
  test("G1: is label, rank and padded sequence number in 64 characters", () => {
    expect(streamVersion(LABEL, "100000000003498069978")).toBe(
      "2026-01-01T00:00:00.000" + "1" + "0000000000000000000100000000003498069978",
    );
    expect(readVersion(LABEL)).toBe(LABEL + "0" + "0".repeat(40));
    expect(streamVersion(LABEL, sequenceNumber(1))).toHaveLength(VERSION_LENGTH);
    expect(VERSION_LENGTH).toBe(64);
  });

  test("G1: orders as text exactly as sequence numbers order as numbers", () => {
    fc.assert(
      fc.property(sequenceNumbers, sequenceNumbers, (a, b) => {
        const left = streamVersion(LABEL, String(a));
        const right = streamVersion(LABEL, String(b));
        expect(isNewer(left, right)).toBe(a > b);
        expect(isNewer(right, left)).toBe(b > a);
      }),
    );
  });

  test("N1: tells sequence numbers apart that one number type would confuse", () => {
    const digits = "9007199254740993000000000000000000000001";
    const next = "9007199254740993000000000000000000000002";
    expect(Number(digits)).toBe(Number(next));
    expect(isNewer(streamVersion(LABEL, next), streamVersion(LABEL, digits))).toBe(true);
    expect(isNewer(streamVersion(LABEL, "10"), streamVersion(LABEL, "9"))).toBe(true);
  });

  test("A2: of a re-created stream outranks everything of the old one", () => {
    fc.assert(
      fc.property(labels, labels, sequenceNumbers, sequenceNumbers, (a, b, m, n) => {
        fc.pre(a !== b);
        const [older, newer] = a < b ? [a, b] : [b, a];
        expect(isNewer(streamVersion(newer, String(m)), streamVersion(older, String(n)))).toBe(
          true,
        );
        expect(isNewer(readVersion(newer), streamVersion(older, String(n)))).toBe(true);
      }),
    );
  });

  test("of a scan is beaten by anything from the same stream, even its sequence number 0", () => {
    expect(isNewer(streamVersion(LABEL, "0"), readVersion(LABEL))).toBe(true);
    expect(isReadVersion(readVersion(LABEL))).toBe(true);
    expect(isNewer(streamVersion(LABEL, "0"), readVersion(LABEL, Date.now()))).toBe(true);
    expect(isNewer(readVersion(LABEL, 1_000), readVersion(LABEL, 999))).toBe(true);
    expect(isReadVersion(streamVersion(LABEL, "0"))).toBe(false);
  });

  test("is not newer than itself, so a redelivered change is stale", () => {
    const version = streamVersion(LABEL, sequenceNumber(7));
    expect(isNewer(version, version)).toBe(false);
  });

  test("survives being written to a store and parsed again", () => {
    fc.assert(
      fc.property(labels, sequenceNumbers, (label, n) => {
        const version = streamVersion(label, String(n));
        expect(parseVersion(version)).toBe(version);
      }),
    );
    expect(parseVersion(readVersion(LABEL))).toBe(readVersion(LABEL));
  });

  test.each([
    ["empty text", ""],
    ["a bare sequence number", sequenceNumber(1)],
    ["an unknown rank", LABEL + "2" + "0".repeat(40)],
    ["a letter among the digits", LABEL + "1" + "0".repeat(39) + "x"],
    ["another date format", NEWER_LABEL.replace("T", " ") + "1" + "0".repeat(40)],
    ["one digit too many", LABEL + "1" + "0".repeat(41)],
  ])("is refused when parsed from %s", (_what, text) => {
    expect(() => parseVersion(text)).toThrow(`"${text}" is not a version that Millrace wrote`);
  });
});

describe("a sequence number", () => {
  test("is padded on the left to 40 digits", () => {
    expect(padSequenceNumber("42")).toBe("0".repeat(38) + "42");
    expect(padSequenceNumber("9".repeat(40))).toBe("9".repeat(40));
  });

  test.each(["", "-1", "1.5", "1e3", "0x1", " 1", "abc", "1".repeat(41)])(
    "is refused when it is %j",
    (text) => {
      expect(() => padSequenceNumber(text)).toThrow(
        `"${text}" is not a sequence number; DynamoDB Streams writes 21 to 40 decimal digits`,
      );
    },
  );
});

describe("a stream's ARN", () => {
  test.each([
    streamArn("orders", LABEL),
    `arn:aws-cn:dynamodb:cn-north-1:123456789012:table/orders/stream/${LABEL}`,
    `arn:aws:dynamodb:ddblocal:000000000000:table/orders/stream/${LABEL}`,
  ])("names table and label: %s", (arn) => {
    expect(parseStreamArn(arn)).toEqual({ table: "orders", label: LABEL });
  });

  test.each([
    "",
    "orders",
    "arn:aws:dynamodb:us-east-1:123456789012:table/orders",
    "arn:aws:dynamodb:us-east-1:123456789012:table/orders/stream/latest",
    `arn:aws:kinesis:us-east-1:123456789012:table/orders/stream/${LABEL}`,
  ])("is refused when it is %j", (arn) => {
    expect(() => parseStreamArn(arn)).toThrow(`"${arn}" is not the ARN of a DynamoDB stream`);
  });
});
