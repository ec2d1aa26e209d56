/** Ends a jest run with one plain line that any machine can read: `N passed, N failed`. */
export default class CountReporter {
  onRunComplete(_contexts, results) {
    const suites = results.numRuntimeErrorTestSuites;
    process.stdout.write(
      `\n${results.numPassedTests} passed, ${results.numFailedTests + suites} failed\n`,
    );
  }
}
