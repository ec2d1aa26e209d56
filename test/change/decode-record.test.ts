import { describe, expect, test } from "@jest/globals";

import { decodeRecord, type StreamRecord } from "../../src/change/decode-record.js";
import { RESERVED_ATTRIBUTE, TTL_ATTRIBUTE } from "../../src/change/reserved.js";
import { streamVersion } from "../../src/change/version.js";
import { MillraceError } from "../../src/errors.js";
import { AT, LABEL, sequenceNumber, streamRecord } from "../support/records.js";

const keys = () => ["id"];
const A = { id: "1", status: "A" };
const B = { id: "1", status: "B" };

function thrownBy(record: StreamRecord, keyNames: (table: string) => readonly string[] = keys) {
  try {
    decodeRecord(record, keyNames);
  } catch (thrown) {
    return thrown as MillraceError;
  }
  throw new Error("the record was decoded");
}

/** A record with some parts of its body put in place of what they are, or taken out by `undefined`. */
function withBody(body: Record<string, unknown>, record = streamRecord({ old: A, new: B })) {
  return { ...record, dynamodb: { ...record.dynamodb, ...body } } as StreamRecord;
}

describe("a stream record", () => {
  test("is decoded as AWS recorded it", () => {
    const recorded = JSON.parse(`{
      "eventID":"9cdf975187b7d7f668abf98414c08f05","eventName":"INSERT","eventVersion":"1.1",
      "eventSource":"aws:dynamodb","awsRegion":"us-east-1",
      "dynamodb":{"ApproximateCreationDateTime":1.789651658E9,
        "Keys":{"pk":{"S":"x"}},"NewImage":{"pk":{"S":"x"},"n":{"N":"1"}},
        "SequenceNumber":"2900002759746085485437","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"},
      "eventSourceARN":"arn:aws:dynamodb:us-east-1:111111111111:table/T/stream/2026-09-17T13:26:53.746"}`) as StreamRecord;
    expect(decodeRecord(recorded, () => ["pk"])).toEqual({
      type: "insert",
      table: "T",
      itemKey: '["x"]',
      version: "2026-09-17T13:26:53.746" + "1" + "0".repeat(18) + "2900002759746085485437",
      sequenceNumber: "2900002759746085485437",
      changedAtSeconds: 1789651658,
      cause: "write",
      newImage: { pk: "x", n: 1 },
    });
    expect(recorded.dynamodb?.SizeBytes).toBe(
      streamRecord({ new: { pk: "x", n: 1 }, keys: ["pk"] }).dynamodb?.SizeBytes,
    );
  });

  test.each([
    ["INSERT", "insert", { new: B }, { newImage: B }],
    ["MODIFY", "modify", { old: A, new: B }, { oldImage: A, newImage: B }],
    ["REMOVE", "remove", { old: A }, { oldImage: A }],
  ])(
    "of event %s is a change of type %s with the images it has",
    (eventName, type, given, images) => {
      const record = streamRecord({ ...given, sequenceNumber: 5 });
      expect(record.eventName).toBe(eventName);
      expect(decodeRecord(record, keys)).toEqual({
        type,
        table: "orders",
        itemKey: '["1"]',
        version: streamVersion(LABEL, sequenceNumber(5)),
        sequenceNumber: sequenceNumber(5),
        changedAtSeconds: AT,
        cause: "write",
        ...images,
      });
    },
  );

  test("takes the item's key from Keys in the order the table has it", () => {
    const record = streamRecord({ new: { a: "1", b: 2, c: 3 }, keys: ["a", "b"] });
    const asked: string[] = [];
    const change = decodeRecord(record, (table) => {
      asked.push(table);
      return ["b", "a"];
    });
    expect(change.itemKey).toBe('[2,"1"]');
    expect(asked).toEqual(["orders"]);
  });

  test("of DynamoDB's time to live is told from somebody's delete", () => {
    expect(decodeRecord(streamRecord({ old: A, ttl: true }), keys).cause).toBe("ttl");
    expect(decodeRecord(streamRecord({ old: A }), keys).cause).toBe("write");
    const sdk = {
      ...streamRecord({ old: A }),
      userIdentity: { Type: "Service", PrincipalId: "dynamodb.amazonaws.com" },
    };
    expect(decodeRecord(sdk, keys).cause).toBe("ttl");
    const other = { ...sdk, userIdentity: { Type: "Service", PrincipalId: "someone" } };
    expect(decodeRecord(other, keys).cause).toBe("write");
  });

  test("has its time in whole seconds, from a fraction or a Date as well", () => {
    const at = (ApproximateCreationDateTime: unknown) =>
      decodeRecord(withBody({ ApproximateCreationDateTime }), keys).changedAtSeconds;
    expect(at(AT + 0.75)).toBe(AT);
    expect(at(new Date(AT * 1000 + 999))).toBe(AT);
  });

  test.each(["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"] as const)(
    "A3: of a stream of type %s is refused as a mistake of set-up, with the remedy",
    (viewType) => {
      const error = thrownBy(streamRecord({ old: A, new: B, viewType }));
      expect(error.code).toBe("configuration");
      expect(error.message).toBe(
        `the stream of table "orders" carries ${viewType}, but views need NEW_AND_OLD_IMAGES: disable the stream and ` +
          "enable it again with StreamViewType NEW_AND_OLD_IMAGES, then backfill the table's views",
      );
    },
  );

  test.each<[string, StreamRecord]>([
    ["dynamodb.SequenceNumber", { ...streamRecord(), dynamodb: undefined }],
    ["dynamodb.SequenceNumber", withBody({ SequenceNumber: undefined })],
    ["dynamodb.Keys", withBody({ Keys: undefined })],
    ["dynamodb.NewImage", withBody({ NewImage: undefined })],
    ["dynamodb.OldImage", withBody({ OldImage: undefined })],
    ["dynamodb.NewImage", withBody({ NewImage: undefined }, streamRecord({ new: A }))],
    ["dynamodb.OldImage", withBody({ OldImage: undefined }, streamRecord({ old: A }))],
    ["dynamodb.ApproximateCreationDateTime", withBody({ ApproximateCreationDateTime: undefined })],
    ["eventSourceARN", { ...streamRecord(), eventSourceARN: undefined }],
  ])("is malformed without %s, which the error names", (part, record) => {
    const error = thrownBy(record);
    expect(error.code).toBe("malformed-record");
    expect(error.message).toMatch(/^stream record .*: /);
    expect(error.message.endsWith(`: ${part} is missing`)).toBe(true);
  });

  test.each<[string, StreamRecord, string]>([
    ["event", { ...streamRecord(), eventName: "UPSERT" }, 'eventName is "UPSERT"; expected INSERT'],
    ["event at all", { ...streamRecord(), eventName: undefined }, "eventName is undefined"],
    ["event but one of every object", { ...streamRecord(), eventName: "toString" }, "eventName is"],
    ["ARN", { ...streamRecord(), eventSourceARN: "arn:x" }, '"arn:x" is not the ARN of a DynamoDB'],
    ["sequence number", withBody({ SequenceNumber: "x1" }), '"x1" is not a sequence number'],
    ["key", withBody({ Keys: {} }), 'key attribute "id" is missing'],
    ["key value", withBody({ Keys: { id: { S: "" } } }), 'key attribute "id" is an empty string'],
    ["attribute", withBody({ NewImage: { total: { N: "x" } } }), 'attribute "total" is {"N":"x"}'],
    [
      "time",
      withBody({ ApproximateCreationDateTime: "now" }),
      'CreationDateTime is "now"; expected',
    ],
  ])("is malformed with no known %s, and the error names it", (_what, record, message) => {
    const error = thrownBy(record);
    expect(error.code).toBe("malformed-record");
    expect(error.message).toContain(message);
  });

  test("is named by its sequence number in the error, where it has one", () => {
    const record = { ...streamRecord({ sequenceNumber: 9 }), eventName: "X" };
    const error = thrownBy(record);
    expect(error.message).toContain(`stream record ${sequenceNumber(9)}: `);
    expect(error.context).toEqual({ sequenceNumber: sequenceNumber(9) });
    expect(thrownBy({ eventID: "e-1" }).message).toContain("stream record e-1: ");
    expect(thrownBy({}).message).toContain("stream record (without a sequence number): ");
  });

  test("of a table nobody declared fails as the mistake of set-up it is", () => {
    const unknown = new MillraceError("configuration", "no view follows it");
    const error = thrownBy(streamRecord(), () => {
      throw unknown;
    });
    expect(error).toBe(unknown);
  });
});

describe("a record of a view's own table, which is a source itself", () => {
  const kept = { [RESERVED_ATTRIBUTE]: { v: "version", k: '["o-1"]' } };
  const row = (values: object) => ({ id: "1", ...values, ...kept });
  const tombstone = {
    id: "1",
    [RESERVED_ATTRIBUTE]: { v: "version", k: '["o-1"]', d: true },
    [TTL_ATTRIBUTE]: AT,
  };
  const decoded = (images: { old?: object; new?: object }) => {
    const { type, itemKey, oldImage, newImage } = decodeRecord(
      streamRecord(images as Parameters<typeof streamRecord>[0]),
      keys,
    );
    return { type, itemKey, oldImage, newImage };
  };
  const key = { itemKey: '["1"]' };

  test("shows its row as the view derived it, without the bookkeeping", () => {
    expect(decoded({ old: row({ n: 1 }), new: row({ n: 2, [TTL_ATTRIBUTE]: AT }) })).toEqual({
      ...key,
      type: "modify",
      oldImage: { id: "1", n: 1 },
      newImage: { id: "1", n: 2 },
    });
  });

  test.each([
    [
      "a row that becomes a tombstone is removed",
      { old: row({}), new: tombstone },
      "remove",
      { oldImage: { id: "1" } },
    ],
    [
      "a tombstone that becomes a row is inserted",
      { old: tombstone, new: row({}) },
      "insert",
      { newImage: { id: "1" } },
    ],
    ["a tombstone where nothing was is no item, before or after", { new: tombstone }, "remove", {}],
    [
      "a tombstone renewed is no item, before or after",
      { old: tombstone, new: tombstone },
      "remove",
      {},
    ],
    ["a tombstone that expires is no item, before or after", { old: tombstone }, "remove", {}],
  ])("N6: %s", (_what, images, type, expected) => {
    expect(decoded(images)).toEqual({
      ...key,
      oldImage: undefined,
      newImage: undefined,
      type,
      ...expected,
    });
  });

  test("is malformed without an image, tombstone or not", () => {
    const record = withBody(
      { OldImage: undefined },
      streamRecord({ old: tombstone, new: row({}) }),
    );
    expect(thrownBy(record).message).toContain("dynamodb.OldImage is missing");
  });
});
