/** docs/configuration.md, made from the environment contract. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENT } from './environment.mjs';
import { ROOT } from './root.mjs';

/** @returns {string} the table of docs/configuration.md; not aligned, so that a new variable changes one line of it */
export function describeEnvironment() {
  const rows = ENVIRONMENT.map(({ name, readers, meaning, fallback, shown, secret }) => {
    const byDefault = secret
      ? 'made at random'
      : (shown ?? (typeof fallback === 'string' ? `\`${fallback}\`` : 'none'));
    return [`\`${name}\``, meaning, byDefault, readers.join(', ')];
  });
  const heads = ['Variable', 'Meaning', 'With `npm start`', 'Read by'];
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

// `node tools/launcher/describe-environment.mjs` brings the page in line with the table.
if (process.argv[1] === import.meta.filename) {
  const page = join(ROOT, 'docs/configuration.md');
  const prose = readFileSync(page, 'utf8').split('\n| Variable')[0];
  writeFileSync(page, `${prose}\n${describeEnvironment()}\n`);
}
