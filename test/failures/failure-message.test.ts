import { describe, expect, test } from "@jest/globals";

import { readFailure, readNotice } from "../../src/failures/failure-message.js";
import { readCases } from "../local/event-source-mapping/cases.js";
import { streamRecord } from "../support/records.js";

interface MessageCase {
  readonly name: string;
  readonly body: { readonly DDBStreamBatchInfo?: object; readonly KinesisBatchInfo?: object };
}

describe("G64: a message about what was given up", () => {
  const cases = readCases<MessageCase>("failure-destination-cases");

  test.each(cases.map((one) => [one.name, one.body] as const))(
    "is read as AWS was recorded to write it, or refused as another service's: %s",
    (_name, body) => {
      const text = JSON.stringify(body);
      if (!body.DDBStreamBatchInfo) {
        expect(() => readNotice(text)).toThrow("not a message about a batch of a DynamoDB stream");
        return;
      }
      const notice = readNotice(text);
      expect(notice).toMatchObject({ kind: "given-up", failure: { shardId: expect.any(String) as unknown } }); // prettier-ignore
    },
  );

  test("of a bucket has the records in it", () => {
    const record = streamRecord();
    const body = {
      requestContext: { functionArn: "arn:f", condition: "RecordAgeExceeded", approximateInvokeCount: 3 }, // prettier-ignore
      payload: JSON.stringify({ Records: [record] }),
      DDBStreamBatchInfo: { shardId: "s", streamArn: "a", startSequenceNumber: "1", endSequenceNumber: "2", batchSize: 2 }, // prettier-ignore
    };
    expect(readFailure(JSON.stringify(body))).toEqual({
      ...{ functionArn: "arn:f", condition: "RecordAgeExceeded", invocations: 3 },
      ...{ shardId: "s", streamArn: "a", range: { first: "1", last: "2", records: 2 } },
      records: [record],
    });
  });

  test("of S3 names objects, its test none, and anything else is refused with what it says", () => {
    const object = { s3: { bucket: { name: "b" }, object: { key: "a%2Fb+c" } } };
    expect(readNotice(JSON.stringify({ Records: [object] }))).toEqual({
      kind: "objects",
      places: [{ bucket: "b", key: "a/b c" }],
    });
    expect(readNotice('{"Event":"s3:TestEvent"}')).toEqual({ kind: "objects", places: [] });
    for (const text of ["hello", "17", '{"Records":[{}]}'])
      expect(() => readNotice(text)).toThrow("not a message about a batch");
  });
});
