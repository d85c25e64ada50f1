/** What every benchmark ends with: a table for people and `bench-results/<name>.json` for programs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../launcher/root.mjs';

/**
 * @typedef {object} Row
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {number | null} baseline the same run's baseline, in its own unit
 * @property {number | null} ratio value to baseline, as the median of the rounds' ratios
 * @property {number | null} p50 milliseconds
 * @property {number | null} p99 milliseconds
 */

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** @param {number[]} numbers @param {number} share 0 to 1 */
export const percentile = (numbers, share) => {
  const sorted = Float64Array.from(numbers).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
};

/** @param {string} name @param {Row[]} rows @param {string} title */
export function report(name, rows, title) {
  const figure = (number, digits) => (number === null ? '' : number.toLocaleString('en-US', { maximumFractionDigits: digits, minimumFractionDigits: digits })); // prettier-ignore
  const table = rows.map((row) => [
    row.name,
    figure(row.value, row.value < 100 ? 2 : 0),
    row.unit,
    figure(row.baseline, 0),
    figure(row.ratio, 2),
    figure(row.p50, 2),
    figure(row.p99, 2),
  ]);
  const isText = (column) => column === 0 || column === 2;
  const header = ['', 'value', 'unit', 'baseline', 'ratio', 'p50 ms', 'p99 ms'];
  const cells = [header, ...table];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  console.log(`\n${title}\n`);
  for (const row of cells) {
    console.log(row.map((cell, i) => (isText(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
  const folder = join(ROOT, 'bench-results');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(rows, null, 2)}\n`);
}
