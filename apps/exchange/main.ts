import { setFlagsFromString } from 'node:v8';
import { ConfigurationError } from '@base/config';
import { JournalFault } from '@base/journal';
import { COMPILER_FLAGS } from '@core/matching';
import { runExchange } from './run-exchange.js';
import { Superseded } from './standby/superseded.js';

// Before anything is hot enough to be compiled.
for (const flag of COMPILER_FLAGS) setFlagsFromString(flag);

runExchange().catch((error: unknown) => {
  // What an operator can mend, or must know, is one sentence with segment and offset in it; anything else is a bug and keeps its stack.
  const told =
    error instanceof Superseded
      ? `the exchange does not start: ${error.message}`
      : error instanceof JournalFault
        ? `the exchange does not start (${error.code}): ${error.message}`
        : error instanceof ConfigurationError
          ? error.message
          : error instanceof Error
            ? error.stack
            : String(error);
  process.stderr.write(`${told}\n`);
  process.exit(1);
});
