import { describe, expect, test } from "@jest/globals";

import {
  type MappingRequest,
  requestMistake,
  sourceKind,
} from "../../../src/local/event-source-mapping/mapping-request.js";

const mistake = (request: MappingRequest) =>
  requestMistake({ StartingPosition: "TRIM_HORIZON", ...request }, "dynamodb")?.message;

describe("a request is refused in AWS's words", () => {
  test.each<[MappingRequest, string]>([
    [
      { BatchSize: 10_001, ParallelizationFactor: 11 },
      "2 validation errors detected: Value '10001' at 'batchSize' failed to satisfy constraint: Member must have value less than or equal to 10000; Value '11' at 'parallelizationFactor' failed to satisfy constraint: Member must have value less than or equal to 10",
    ],
    [
      { FunctionResponseTypes: ["Bad"] },
      "1 validation error detected: Value '[Bad]' at 'functionResponseTypes' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [ReportBatchItemFailures], Member must not be null]",
    ],
    [
      { StartingPosition: "invalid" },
      "1 validation error detected: Value 'invalid' at 'startingPosition' failed to satisfy constraint: Member must satisfy enum value set: [LATEST, AT_TIMESTAMP, TRIM_HORIZON]",
    ],
    [{ StartingPositionTimestamp: 1 }, "Timestamp only valid with StartingPosition AT_TIMESTAMP"],
    [
      { StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp: 1, EventSourceArn: "arn:x" },
      "Unsupported starting position for arn type: arn:x",
    ],
    [
      { DestinationConfig: { OnSuccess: { Destination: "arn" } } },
      "OnSuccess configuration is not supported for event source mappings.",
    ],
    [
      { ScalingConfig: { MaximumConcurrency: 2 } },
      "Unsupported ScalingConfig parameter for given event source mapping type.",
    ],
    [
      { FilterCriteria: { Filters: [{ Pattern: '{"a":[]}' }] } },
      "Invalid filter pattern definition.",
    ],
  ])("%j", (request, message) => {
    expect(mistake(request)).toBe(message);
  });

  test("and taken where nothing is wrong, at the ends of every range", () => {
    const least = { BatchSize: 1, MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: 60 };
    const most = { BatchSize: 10_000, MaximumRetryAttempts: 10_000, TumblingWindowInSeconds: 900 };
    for (const request of [{}, least, most]) expect(mistake(request)).toBeUndefined();
    expect(
      mistake({ TumblingWindowInSeconds: 1, FilterCriteria: { Filters: [] } }),
    ).toBeUndefined();
  });

  test("by the kind of its source", () => {
    expect(sourceKind("arn:aws:s3:::bucket")).toBeUndefined();
    expect(requestMistake({}, undefined)?.message).toBe("Unrecognized event source.");
  });
});
