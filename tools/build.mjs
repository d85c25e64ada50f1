/**
 * `npm run build`: compiles apps, libs and migrations into dist/ when their sources changed since the last time.
 * Start, test and the test harness come here first, so none of them ever runs yesterday's code.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ROOT } from './launcher/root.mjs';

const SOURCES = ['apps', 'libs', 'prisma-free-migrations'];
const CONFIGURATION = ['.swcrc', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json'];
const STAMP = join(ROOT, 'dist', '.sources');

/**
 * @param {(line: string) => void} [say] told once, when there is something to compile
 * @returns {Promise<void>} rejects with the compiler's words when the sources do not compile
 */
export async function ensureBuilt(say = () => {}) {
  const sources = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sources) return;
  say('compiling');
  const { code, output } = await run(process.execPath, [join(ROOT, 'node_modules/@nestjs/cli/bin/nest.js'), 'build']);
  if (code !== 0 || !existsSync(join(ROOT, 'dist'))) throw new Error(`the build failed:\n${output.trim()}`);
  writeFileSync(STAMP, sources);
}

/** Specs are compiled along but never run from dist/, so they do not count. */
function fingerprint() {
  const digest = createHash('sha256');
  for (const file of [...CONFIGURATION.map((name) => join(ROOT, name)), ...SOURCES.flatMap(listSources)]) {
    digest.update(relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return digest.digest('hex');
}

function listSources(folder) {
  const under = join(ROOT, folder);
  if (!existsSync(under)) return [];
  return readdirSync(under, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function run(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}

if (process.argv[1] === import.meta.filename) {
  await ensureBuilt(console.log).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
