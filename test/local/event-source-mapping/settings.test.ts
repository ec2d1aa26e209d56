import { expect, test } from "@jest/globals";

import {
  DEFAULT_SETTINGS,
  settingsMistakes,
} from "../../../src/local/event-source-mapping/settings.js";

test("the defaults are AWS's, and in range", () => {
  expect(DEFAULT_SETTINGS).toMatchObject({
    batchSize: 100,
    maximumRetryAttempts: -1,
    maximumRecordAgeInSeconds: -1,
  });
  expect(settingsMistakes(DEFAULT_SETTINGS)).toEqual([]);
});

test.each([
  [
    "batchSize",
    0,
    "Value '0' at 'batchSize' failed to satisfy constraint: Member must have value greater than or equal to 1",
  ],
  [
    "batchSize",
    1.5,
    "Value '1.5' at 'batchSize' failed to satisfy constraint: Member must be a whole number",
  ],
  [
    "parallelizationFactor",
    11,
    "Value '11' at 'parallelizationFactor' failed to satisfy constraint: Member must have value less than or equal to 10",
  ],
  [
    "maximumRecordAgeInSeconds",
    0,
    "MaximumRecordAgeInSeconds must be either -1 (forever) or between 60 and 604800 (inclusive)",
  ],
])("%s %d is refused in AWS's words", (name, value, message) => {
  expect(settingsMistakes({ ...DEFAULT_SETTINGS, [name]: value })).toEqual([message]);
});
