/** `npm run exchange:promote -- FOLLOWER [--force]`: makes a follower the primary; `-- PRIMARY --replication MODE` changes how it replicates. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ROOT } from './launcher/root.mjs';

await ensureBuilt((line) => console.error(line));
await import(pathToFileURL(join(ROOT, 'dist/apps/exchange/promote-cli.js')).href);
