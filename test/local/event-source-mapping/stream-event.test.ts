import type { _Record as SdkRecord } from "@aws-sdk/client-dynamodb-streams";
import { describe, expect, test } from "@jest/globals";

import { eventJson, toMappedRecord } from "../../../src/local/event-source-mapping/stream-event.js";
import { readCases } from "./cases.js";

const ARN = "arn:aws:dynamodb:us-east-1:111111111111:table/T/stream/2026-09-17T13:26:53.746";

interface RecordCase {
  readonly name: string;
  readonly Keys?: Record<string, never>;
  readonly NewImage?: Record<string, never> | null;
  readonly OldImage?: Record<string, never> | null;
  readonly SizeBytes?: number;
}

function sdkRecord(
  dynamodb: Partial<NonNullable<SdkRecord["dynamodb"]>>,
  rest: Partial<SdkRecord> = {},
): SdkRecord {
  return {
    eventID: "9cdf9751-87b7-d7f6-68ab-f98414c08f05",
    eventName: "INSERT",
    awsRegion: "ddblocal",
    dynamodb: {
      ApproximateCreationDateTime: new Date(1_789_651_658_900),
      Keys: { pk: { S: "x" } },
      SequenceNumber: "2900002759746085485437",
      SizeBytes: 1,
      StreamViewType: "NEW_AND_OLD_IMAGES",
      ...dynamodb,
    },
    ...rest,
  };
}

describe("a record of GetRecords becomes the one Lambda hands over", () => {
  test("with its keys in Lambda's order, whole seconds, 32 hex digits and the stream's ARN", () => {
    const { record } = toMappedRecord(
      sdkRecord({ NewImage: { pk: { S: "x" }, n: { N: "1" } } }),
      ARN,
    );
    expect(JSON.stringify(record)).toBe(
      '{"eventID":"9cdf975187b7d7f668abf98414c08f05","eventName":"INSERT","eventVersion":"1.1",' +
        '"eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{"ApproximateCreationDateTime":1789651658,' +
        '"Keys":{"pk":{"S":"x"}},"NewImage":{"pk":{"S":"x"},"n":{"N":"1"}},' +
        '"SequenceNumber":"2900002759746085485437","SizeBytes":9,"StreamViewType":"NEW_AND_OLD_IMAGES"},' +
        `"eventSourceARN":"${ARN}"}`,
    );
  });

  test("with binary as base64, also in lists, maps and sets", () => {
    const bytes = new TextEncoder().encode("foobar");
    const NewImage = {
      b: { B: bytes },
      l: { L: [{ B: bytes }] },
      m: { M: { b: { B: bytes } } },
      s: { BS: [bytes] },
    };
    const { record } = toMappedRecord(sdkRecord({ NewImage }), ARN);
    expect(record.dynamodb?.NewImage).toEqual({
      b: { B: "Zm9vYmFy" },
      l: { L: [{ B: "Zm9vYmFy" }] },
      m: { M: { b: { B: "Zm9vYmFy" } } },
      s: { BS: ["Zm9vYmFy"] },
    });
  });

  test("with DynamoDB Local's time-to-live delete as AWS writes one", () => {
    const local = sdkRecord(
      { OldImage: { pk: { S: "x" } } },
      { eventName: "UNKNOWN_TO_SDK_VERSION" as "REMOVE" },
    );
    const { record } = toMappedRecord(local, ARN);
    expect(record.eventName).toBe("REMOVE");
    expect(record.userIdentity).toEqual({ type: "Service", principalId: "dynamodb.amazonaws.com" });
  });

  const sizes = readCases<RecordCase>("stream-record-cases").filter(
    ({ SizeBytes, Keys }) => SizeBytes !== undefined && Keys,
  );
  test.each(sizes)(
    "with the size as AWS counts it: $name",
    ({ Keys, NewImage, OldImage, SizeBytes }) => {
      const images = {
        Keys: Keys ?? {},
        ...(NewImage && { NewImage }),
        ...(OldImage && { OldImage }),
      };
      expect(toMappedRecord(sdkRecord(images), ARN).record.dynamodb?.SizeBytes).toBe(SizeBytes);
    },
  );

  test("and stands in the payload with its time as Java writes a double", () => {
    const json = (seconds: number) =>
      toMappedRecord(sdkRecord({ ApproximateCreationDateTime: new Date(seconds * 1000) }), ARN)
        .json;
    expect(json(1_789_651_658)).toContain('"ApproximateCreationDateTime":1.789651658E9,');
    expect(json(1_789_651_660)).toContain('"ApproximateCreationDateTime":1.78965166E9,');
    expect(JSON.parse(json(1_789_651_658))).toEqual(
      toMappedRecord(sdkRecord({ ApproximateCreationDateTime: new Date(1_789_651_658_000) }), ARN)
        .record,
    );
    const all = [{ json: '{"a":1}' }, { json: '{"b":2}' }];
    expect(eventJson(all, { state: {} })).toBe('{"Records":[{"a":1},{"b":2}],"state":{}}');
    expect(eventJson([])).toBe('{"Records":[]}');
  });
});
