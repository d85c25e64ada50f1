/** Brings node_modules in line with package-lock.json. Runs before anything is installed, so only Node's own modules here. */
import { spawn } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

const PROGRESS_EVERY_MS = 5_000;
const OLDEST_NODE = [20, 19];

/**
 * Installs when something is missing or of another version than the lockfile says.
 * @param {(line: string) => void} say told what happens, with a sign of life while npm is silent
 */
export async function ensureInstalled(say) {
  refuseOldNode();
  const reason = whyInstall();
  if (!reason) return;
  if (lstatSync(join(ROOT, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm would replace the link by a folder of its own; whoever made the link keeps what it points to.
    say(`node_modules is a link and ${reason}; leaving it alone`);
    return;
  }
  const total = Object.entries(readJson('package-lock.json').packages).filter(isInstalledHere).length;
  say(`installing packages (${reason}); the first time this takes a minute or two`);
  const startedAt = Date.now();
  const progress = setInterval(() => {
    say(`  ${countInstalled()} of about ${total} packages, ${Math.round((Date.now() - startedAt) / 1000)} s`);
  }, PROGRESS_EVERY_MS);
  try {
    await npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  } finally {
    clearInterval(progress);
  }
  say(`packages installed in ${Math.round((Date.now() - startedAt) / 1000)} s`);
}

function refuseOldNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new Error(`Node ${OLDEST_NODE.join('.')} or newer is needed; this is ${process.versions.node}`);
}

/** npm keeps what it installed in a lockfile of its own inside node_modules, written last: an interrupted install has none. */
function whyInstall() {
  if (!existsSync(join(ROOT, 'node_modules/.package-lock.json'))) return 'none are installed yet';
  const wanted = readJson('package-lock.json').packages;
  const present = readJson('node_modules/.package-lock.json').packages;
  for (const [path, { version, optional, link }] of Object.entries(wanted)) {
    if (!path.startsWith('node_modules/') || link) continue;
    const found = present[path]?.version;
    // Optional packages for other platforms are in the lockfile and rightly absent.
    if (found === undefined && !optional) return `${nameOf(path)} is missing`;
    if (found !== undefined && found !== version) return `${nameOf(path)} is ${found}, not ${version}`;
  }
  return undefined;
}

/** Nested copies are not counted, nor what is for other platforms. */
function isInstalledHere([path, { os, cpu }]) {
  const fits = (wanted, actual) => !wanted || wanted.includes(actual);
  return path.lastIndexOf('node_modules/') === 0 && fits(os, process.platform) && fits(cpu, process.arch);
}

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

/** npm makes all folders first and fills them as the packages arrive. */
function countInstalled() {
  const modules = join(ROOT, 'node_modules');
  if (!existsSync(modules)) return 0;
  return readdirSync(modules)
    .flatMap((name) => (name.startsWith('@') ? readdirSync(join(modules, name)).map((it) => join(name, it)) : [name]))
    .filter((name) => existsSync(join(modules, name, 'package.json'))).length;
}

/** Under `npm start` the npm that runs us installs; otherwise the one on PATH. */
function npm(args) {
  const cli = process.env.npm_execpath;
  const [program, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...first, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`npm ci failed (exit code ${code}); its own words are above`));
    });
  });
}

const readJson = (path) => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
