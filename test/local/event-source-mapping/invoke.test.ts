import { describe, expect, test } from "@jest/globals";

import { systemClock } from "../../../src/local/event-source-mapping/clock.js";
import {
  createFunction,
  type LambdaHandler,
} from "../../../src/local/event-source-mapping/invoke.js";

const EVENT = '{"Records":[{"eventID":"1"}]}';
const functionOf = (handler: LambdaHandler, timeoutSeconds = 3, qualifier?: string) =>
  createFunction(
    {
      startContainer: () => handler,
      functionName: "tables",
      version: "7",
      region: "us-east-1",
      accountId: "000000000000",
      memoryLimitInMB: 512,
      timeoutSeconds,
      ...(qualifier !== undefined && { qualifier }),
    },
    systemClock,
  );

describe("an invocation", () => {
  test("G16: hands over Lambda's context, with a remaining time that counts down", async () => {
    let seen: unknown;
    const handler: LambdaHandler = (event, context) => {
      seen = [
        event.Records.length,
        context.awsRequestId,
        context.functionName,
        context.functionVersion,
        context.invokedFunctionArn,
        context.memoryLimitInMB,
      ];
      expect(context.getRemainingTimeInMillis()).toBeLessThanOrEqual(3_000);
      expect(context.getRemainingTimeInMillis()).toBeGreaterThan(1_000);
    };
    await functionOf(handler, 3, "live").invoke(EVENT, "request");
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:tables:live";
    expect(seen).toEqual([1, "request", "tables", "7", arn, "512"]);
  });

  test("G16: that throws at once, rejects, or takes too long is an error", async () => {
    const failures: LambdaHandler[] = [
      () => {
        throw new Error("at once");
      },
      () => Promise.reject(new Error("later")),
      () => new Promise(() => undefined),
    ];
    for (const handler of failures) {
      const { error, response } = await functionOf(handler, 0.05).invoke(EVENT, "request");
      expect(response).toBeUndefined();
      expect((error as Error).message).toMatch(/at once|later|Task timed out after 0.05 seconds/);
    }
  });

  test("gets an event of its own, whatever the invocation before did to it", async () => {
    const seen: number[] = [];
    const fn = functionOf((event) => {
      seen.push(event.Records.length);
      event.Records.length = 0;
    });
    await fn.invoke(EVENT, "a");
    await fn.invoke(EVENT, "a");
    expect(seen).toEqual([1, 1]);
  });

  test("is answered as JSON carries it, by promise or callback", async () => {
    const answers: LambdaHandler[] = [
      () => ({ at: new Date(0), gone: undefined }),
      (_event, _context, callback) => callback(undefined, { at: new Date(0) }),
      (_event, context) => {
        (context.succeed as (response: unknown) => void)({ at: new Date(0) });
        return new Promise(() => undefined);
      },
    ];
    for (const handler of answers)
      expect((await functionOf(handler).invoke(EVENT, "a")).response).toEqual({
        at: "1970-01-01T00:00:00.000Z",
      });
    expect((await functionOf(() => undefined).invoke(EVENT, "a")).response).toBeNull();
  });

  test("whose answer JSON cannot hold, or is above 6 MB, is an error", async () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    for (const answer of [circular, "x".repeat(6_291_557)])
      expect((await functionOf(() => answer).invoke(EVENT, "a")).error).toBeInstanceOf(Error);
  });
});
