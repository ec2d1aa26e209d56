import { describe, expect, test } from "@jest/globals";

import { FAILURES_ARN, FAILURES_QUEUE, failuresQueue } from "../../src/deploy/failures-queue.js";

describe("the queue for what Lambda gives up", () => {
  test("keeps it encrypted for as long as SQS can, fourteen days", () => {
    expect(failuresQueue()).toEqual({
      Type: "AWS::SQS::Queue",
      Properties: { MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true },
    });
  });

  test("is named by its own resource", () => {
    expect(FAILURES_ARN).toEqual({ "Fn::GetAtt": [FAILURES_QUEUE, "Arn"] });
  });
});
