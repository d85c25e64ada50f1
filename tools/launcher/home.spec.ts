import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEnvironment } from './describe-environment.mjs';
import { ENVIRONMENT, environmentOf, resolveEnvironment } from './environment.mjs';
import { lockHome, openHome } from './home.mjs';
import { ROOT } from './root.mjs';
import { openSecrets } from './secrets.mjs';

let parent: string;
let folder: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'home-'));
  folder = join(parent, 'home');
});
afterEach(() => {
  rmSync(parent, { recursive: true, force: true });
});

describe('the home folder', () => {
  test('one that holds other files is refused, since a reset would delete them', () => {
    mkdirSync(folder);
    writeFileSync(join(folder, 'thesis.doc'), '');
    expect(() => openHome(folder)).toThrow('holds other files');
  });

  test('a path too long for a Unix socket gets its sockets elsewhere', () => {
    const deep = join(folder, 'a'.repeat(90));
    const { socketFolder } = openHome(deep);
    expect(Buffer.byteLength(join(socketFolder, 'signer.sock'))).toBeLessThanOrEqual(100);
    expect(statSync(socketFolder).mode & 0o077).toBe(0);
    rmSync(socketFolder, { recursive: true });
  });

  test('a second launcher in a home is refused while the first lives', () => {
    openHome(folder);
    const launcher = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'start.mjs'], { stdio: 'ignore' });
    try {
      writeFileSync(join(folder, 'launcher.pid'), String(launcher.pid));
      expect(() => lockHome(folder)).toThrow(`already running in ${folder} (process ${launcher.pid})`);
    } finally {
      launcher.kill('SIGKILL');
    }
  });

  test.each([
    ['nobody', 2 ** 22 + 1],
    ['a program that is no launcher', process.pid],
  ])('a lock left behind whose process id now belongs to %s is taken over', (_whom, pid) => {
    openHome(folder);
    writeFileSync(join(folder, 'launcher.pid'), String(pid));
    const { tookOver, release } = lockHome(folder);
    expect(tookOver).toBe(true);
    expect(readFileSync(join(folder, 'launcher.pid'), 'utf8')).toBe(String(process.pid));
    release();
  });
});

describe('the environment', () => {
  const resolve = (given: Record<string, string> = {}) => {
    const home = openHome(folder);
    return resolveEnvironment({ given, home, secret: openSecrets(home.path('secrets.json')) });
  };

  test('docs/configuration.md shows the table that the launcher uses', () => {
    expect(readFileSync(join(ROOT, 'docs/configuration.md'), 'utf8')).toContain(describeEnvironment());
  });

  test('secrets are made once, are all different, and only their user reads them', () => {
    const first = resolve();
    expect(resolve()).toEqual(first);
    const secrets = ENVIRONMENT.filter(({ secret }) => secret).map(({ name }) => first[name]);
    expect(new Set(secrets).size).toBe(secrets.length);
    expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600);
  });

  test('what is given wins, and what follows from it follows', () => {
    expect(resolve({ API_PORT: '4000' })['API_PUBLIC_URL']).toBe('http://127.0.0.1:4000');
    expect(resolve({ ETHEREUM_RPC_URL: 'https://node.example' })['ETHEREUM_RPC_URL']).toBe('https://node.example');
  });

  test('the signer learns of no database, no bank and no card processor', () => {
    const values = { ...resolve(), DATABASE_URL: 'postgres://…', DATABASE_OWNER_URL: 'postgres://…' };
    const names = Object.keys(environmentOf('signer', values));
    expect(names.filter((name) => /DATABASE|BANK|CARD|TOKEN|QUOTE|_RPC_/.test(name))).toEqual([]);
  });

  test('only migrating gets the owner of the database', () => {
    expect(ENVIRONMENT.find(({ name }) => name === 'DATABASE_OWNER_URL')?.readers).toEqual(['migrate']);
  });
});
