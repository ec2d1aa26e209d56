import { expect, test } from "@jest/globals";

import { classifyDynamoDbError } from "../../src/dynamodb/classify-error.js";

function answer(name: string, status = 400, more: object = {}): Error {
  const fault = status >= 500 ? "server" : "client";
  return Object.assign(new Error("said so"), {
    name,
    $fault: fault,
    $metadata: { httpStatusCode: status },
    ...more,
  });
}

const cancelled = (...codes: string[]) =>
  answer("TransactionCanceledException", 400, {
    CancellationReasons: codes.map((Code) => ({ Code })),
  });

test.each([
  ["throttling", answer("ThrottlingException"), "unavailable"],
  ["throughput", answer("ProvisionedThroughputExceededException"), "unavailable"],
  ["the account's limit", answer("RequestLimitExceeded"), "unavailable"],
  ["a server's fault", answer("InternalServerError", 500), "unavailable"],
  ["any 5xx", answer("SomethingNew", 503), "unavailable"],
  ["a conflict", answer("TransactionConflictException"), "unavailable"],
  ["a transaction under way", answer("TransactionInProgressException"), "unavailable"],
  ["expired credentials", answer("ExpiredTokenException"), "unavailable"],
  ["a refused connection", Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "unavailable"],
  ["a time-out", Object.assign(new Error("x"), { name: "TimeoutError" }), "unavailable"],
  ["a missing table", answer("ResourceNotFoundException"), "configuration"],
  ["a missing permission", answer("AccessDeniedException"), "configuration"],
  ["a row it cannot take", answer("ValidationException"), "invalid-row"],
  [
    "a conflict among failed conditions",
    cancelled("ConditionalCheckFailed", "TransactionConflict"),
    "unavailable",
  ],
  ["throttling of a transaction", cancelled("None", "ThrottlingError"), "unavailable"],
  ["an invalid part of a transaction", cancelled("ValidationError", "None"), "invalid-row"],
  ["a failed condition", cancelled("ConditionalCheckFailed"), "refused"],
])("%s is classified", (_what, thrown, code) => {
  const error = classifyDynamoDbError(thrown, "flights");
  expect(error.code).toBe(code);
  expect(error.retriable).toBe(code === "unavailable");
  expect(error.message).toContain('"flights"');
  expect(error.cause).toBe(thrown);
});
