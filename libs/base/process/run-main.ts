import { ConfigurationError } from '@base/config';

/** Runs a process's `main`. What keeps it from starting is told in one piece on stderr, and the process ends with 1. */
export async function runMain(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const text =
      error instanceof ConfigurationError ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${text}\n`);
    process.exit(1);
  }
}
