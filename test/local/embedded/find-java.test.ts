import { expect, test } from "@jest/globals";

import { parseJavaVersion } from "../../../src/local/embedded/find-java.js";

test.each([
  ['openjdk version "17.0.15" 2025-04-15', 17],
  ['openjdk version "21" 2023-09-19', 21],
  ['java version "1.8.0_392"', 8],
  ["bash: java: command not found", undefined],
])("the major version in %s is %s", (output, version) => {
  expect(parseJavaVersion(output)).toBe(version);
});
