import { describe, expect, test } from "@jest/globals";

import { invoke, type LambdaHandler } from "../../../src/local/event-source-mapping/invoke.js";
import { streamRecord } from "../../support/records.js";

const record = streamRecord({ new: { id: "1" }, sequenceNumber: "111111111111111111111" });
const call = (handler: LambdaHandler, timeoutSeconds = 3) =>
  invoke(
    { handler, functionName: "tables", timeoutSeconds, memoryLimitInMB: 512 },
    [record],
    "request",
    true,
  );

describe("an invocation", () => {
  test("hands over Lambda's context, with a remaining time that counts down", async () => {
    let seen: unknown;
    await call((event, context) => {
      seen = [
        event.Records.length,
        context.awsRequestId,
        context.functionName,
        context.functionVersion,
        context.memoryLimitInMB,
      ];
      expect(context.getRemainingTimeInMillis()).toBeLessThanOrEqual(3_000);
      expect(context.getRemainingTimeInMillis()).toBeGreaterThan(1_000);
    });
    expect(seen).toEqual([1, "request", "tables", "$LATEST", "512"]);
  });

  test("that throws at once, rejects, or takes too long fails the whole batch", async () => {
    const failures: LambdaHandler[] = [
      () => {
        throw new Error("at once");
      },
      () => Promise.reject(new Error("later")),
      () => new Promise(() => undefined),
    ];
    for (const handler of failures) {
      const { outcome, error } = await call(handler, 0.05);
      expect(outcome).toEqual({ type: "failure", thrown: true });
      expect((error as Error).message).toMatch(
        /at once|later|Task timed out after 0.05.00 seconds/,
      );
    }
  });
});
