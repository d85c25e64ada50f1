/**
 * `node tools/complete-lock.mjs`, after each `npm install` that changes the lockfile: adds the optional packages of other
 * platforms that npm left out because its registry would not serve them. npm 11's `ci` calls a lockfile without them out
 * of sync; with them it installs only what fits the machine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './launcher/root.mjs';

/**
 * @param {{ packages: Record<string, any> }} lock a parsed package-lock.json (version 3); changed in place
 * @returns {string[]} the names added
 */
export function completeLock(lock) {
  const added = [];
  for (const [path, parent] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(parent.optionalDependencies ?? {})) {
      if (isProvided(lock, path, name)) continue;
      lock.packages[`node_modules/${name}`] = {
        version: exactVersion(name, range),
        ...platformOf(name),
        ...(parent.dev ? { dev: true } : {}),
        optional: true,
      };
      added.push(name);
    }
  }
  lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en')));
  return added;
}

/** Node's resolution: beside the parent, or in any folder above. */
function isProvided(lock, path, name) {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    if (lock.packages[`${at ? `${at}/` : ''}node_modules/${name}`]) return true;
    if (!at) return false;
  }
}

function exactVersion(name, range) {
  const version = /^[\^~]?(\d+\.\d+\.\d+\S*)$/.exec(range)?.[1];
  if (!version)
    throw new Error(
      `${name}@${range} is missing from the lockfile and names no single version: run \`npm install ${name}\``,
    );
  return version;
}

/** Platform packages carry their platform in the name: `@swc/core-linux-arm64-musl`. */
function platformOf(name) {
  const words = new Set(name.split(/[^a-z0-9]+/));
  const os = [
    'darwin',
    'linux',
    'freebsd',
    'openbsd',
    'netbsd',
    'sunos',
    'android',
    'openharmony',
    'aix',
    'win32',
  ].find((it) => words.has(it));
  const cpu = ['x64', 'arm64', 'arm', 'ia32', 'ppc64', 's390x', 'riscv64', 'loong64', 'mips64el', 'wasm32'].find((it) =>
    words.has(it),
  );
  const libc = words.has('musl') ? 'musl' : words.has('gnu') ? 'glibc' : undefined;
  return {
    ...(os ? { os: [os] } : words.has('windows') ? { os: ['win32'] } : {}),
    ...(cpu ? { cpu: [cpu] } : words.has('amd64') ? { cpu: ['x64'] } : {}),
    ...(libc ? { libc: [libc] } : {}),
  };
}

if (process.argv[1] === import.meta.filename) {
  const file = join(ROOT, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const added = completeLock(lock);
  if (added.length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(added.length > 0 ? `added ${added.length}: ${added.join(', ')}` : 'package-lock.json is complete');
}
