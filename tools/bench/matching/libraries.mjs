/** The compiled libraries that the benchmark measures. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../../launcher/root.mjs';

/** @param {string} path under dist/libs */
export const library = (path) => import(pathToFileURL(join(ROOT, 'dist/libs', path, 'index.js')).href);
