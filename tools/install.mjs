/** `node tools/install.mjs`: brings node_modules in line with the lockfile, when it is not. */
import { ensureInstalled } from './launcher/install.mjs';

await ensureInstalled(console.log).catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
