/** `npm run exchange:journal -- inspect|verify|replay|digest FOLDER`: looks into a journal of the exchange without changing it. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ROOT } from './launcher/root.mjs';

await ensureBuilt((line) => console.error(line));
await import(pathToFileURL(join(ROOT, 'dist/apps/exchange/journal-cli.js')).href);
