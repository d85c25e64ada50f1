import { writeFileSync } from 'node:fs';

/**
 * The outcome in the one form that every CI can read. jest prints its summary after all reporters, so the line is left in
 * a file for `npm test` to print last. A suite that cannot even load has failed.
 */
export default class ClosingLine {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
    writeFileSync(
      process.env.CLOSING_LINE_FILE ?? '/dev/stderr',
      `${results.numPassedTests} passed, ${failed} failed${skipped}`,
    );
  }
}
