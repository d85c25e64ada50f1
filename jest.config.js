import { readFileSync } from 'node:fs';

// One compiler configuration for build and tests; jest resolves the aliases itself.
const swc = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));
delete swc.$schema;
delete swc.jsc.paths;
delete swc.jsc.baseUrl;

export default {
  rootDir: import.meta.dirname,
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/prisma-free-migrations', '<rootDir>/tools'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/tools/shims'],
  testEnvironment: 'node',
  testMatch: ['**/*.spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false, module: { type: 'es6' } }] },
  globalSetup: '<rootDir>/tools/test/setup.js',
  globalTeardown: '<rootDir>/tools/test/teardown.js',
  testTimeout: 180_000,
  // Every spec leaves its modules behind, and a worker that has grown spends its time collecting garbage: it is replaced.
  workerIdleMemoryLimit: '400MB',
  moduleNameMapper: {
    '^fast-check$': '<rootDir>/tools/test/fast-check.js',
    '^@migrations$': '<rootDir>/prisma-free-migrations/index.ts',
    '^@(core|base|platform|products)/([^/]+(?:/testing)?)$': '<rootDir>/libs/$1/$2/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
};
