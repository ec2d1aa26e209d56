import { appendFileSync } from "node:fs";

/** Writes how many tests passed and failed to the file that MILLRACE_TEST_COUNTS names, for the one line at the end. */
export default class CountReporter {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites }) {
    const file = process.env.MILLRACE_TEST_COUNTS;
    if (file)
      appendFileSync(file, `${numPassedTests} ${numFailedTests + numRuntimeErrorTestSuites}\n`);
  }
}
