import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = process.env['STRONGROOM_VECTORS'] ?? resolve(import.meta.dirname, '../../../../../shared/vectors');

/**
 * Official vectors of a standard, read from `STRONGROOM_VECTORS` (default `../shared/vectors` beside the repository). Where the folder is
 * absent, one visible line says what was not compared, and the worked examples in this folder still run.
 */
export function officialVectors<T>(name: string): T | undefined {
  const file = join(folder, `${name}.json`);
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as T;
  const line = `SKIPPED: vectors: ${name} is not compared, ${folder} has none (set STRONGROOM_VECTORS)`;
  const leftOut = process.env['CHECKS_LEFT_OUT_FILE'];
  if (leftOut === undefined) process.stderr.write(`${line}\n`);
  else appendFileSync(leftOut, `${line}\n`);
  return undefined;
}
