import { expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { completeLock } from './complete-lock.mjs';
import { ROOT } from './launcher/root.mjs';

test('the lockfile names every platform, so that `npm ci` accepts it everywhere', () => {
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Parameters<typeof completeLock>[0];
  expect(completeLock(lock)).toEqual([]);
});

test('a platform package that the registry withheld is added with its platform, and what is nested is not', () => {
  const lock = {
    packages: {
      '': {},
      'node_modules/swc': {
        dev: true,
        optionalDependencies: { 'swc-linux-arm64-musl': '1.2.3', 'swc-linux-x64-gnu': '1.2.3' },
      },
      'node_modules/swc/node_modules/swc-linux-x64-gnu': { version: '1.2.3' },
    } as Record<string, object>,
  };
  expect(completeLock(lock)).toEqual(['swc-linux-arm64-musl']);
  expect(lock.packages['node_modules/swc-linux-arm64-musl']).toEqual({
    version: '1.2.3',
    os: ['linux'],
    cpu: ['arm64'],
    libc: ['musl'],
    dev: true,
    optional: true,
  });
});

test('a range that leaves the version open is refused', () => {
  const lock = { packages: { 'node_modules/a': { optionalDependencies: { b: '^1' } } } };
  expect(() => completeLock(lock)).toThrow('b@^1 is missing');
});
