import { writeFileSync } from 'node:fs';

/**
 * The outcome for `npm test`, which prints its closing line last of all: jest prints its summary after all reporters.
 * A suite that cannot even load has failed.
 */
export default class Outcome {
  onRunComplete(_contexts, results) {
    if (!process.env.OUTCOME_FILE) return;
    const suites = results.testResults.filter((suite) => suite.numFailingTests > 0 || suite.testExecError);
    const outcome = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests,
      failedSuites: suites.map((suite) => ({
        path: suite.testFilePath,
        passed: suite.numPassingTests,
        failed: suite.numFailingTests + (suite.testExecError && suite.numFailingTests === 0 ? 1 : 0),
        tests: namesOfFailures(suite),
      })),
    };
    writeFileSync(process.env.OUTCOME_FILE, JSON.stringify(outcome));
  }
}

function namesOfFailures({ testResults, testExecError }) {
  const names = testResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName);
  return names.length === 0 && testExecError ? ['(the suite itself)'] : names;
}
