import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Secret } from '@base/config';
import { NodeDisk } from '@base/journal';
import { FIRST_PRIMARY, NEW_FOLLOWER, sharedUpTo, StandingFile } from './standing-file.js';
import { isSealed, NO_TERM, sealTerm } from './term-seal.js';

const folder = mkdtempSync(join(tmpdir(), 'standing-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('what a process is to the venue', () => {
  test('outlives it, whatever it is told to begin as', () => {
    const disk = new NodeDisk();
    StandingFile.open(disk, folder, FIRST_PRIMARY).write({ role: 'superseded', supersededBy: 4 });
    expect(StandingFile.open(disk, folder, NEW_FOLLOWER).record).toEqual({
      ...FIRST_PRIMARY,
      role: 'superseded',
      supersededBy: 4,
    });
  });

  test('is not guessed when the file says nothing sound', () => {
    writeFileSync(join(folder, 'standing'), '{"role":"king"}');
    expect(() => StandingFile.open(new NodeDisk(), folder, FIRST_PRIMARY)).toThrow('does not say what this process is');
  });
});

describe('a history of terms', () => {
  const terms = [
    { term: 1, after: 0 },
    { term: 2, after: 100 },
    { term: 5, after: 250 },
  ];

  test.each([
    [1, 100],
    [2, 250],
    [3, 250],
    [5, Infinity],
  ])('is shared by a journal of term %i up to command %d', (term, last) => {
    expect(sharedUpTo(terms, term)).toBe(last);
  });
});

describe('a term’s seal', () => {
  const key = new Secret('the standby’s key');

  test('proves that one of the pair began the term, and nothing else does', () => {
    const sealed = sealTerm(key, 7);
    expect(isSealed(key, sealed)).toBe(true);
    expect(isSealed(key, { ...sealed, term: 8 })).toBe(false);
    expect(isSealed(key, sealTerm(new Secret('an observer’s key'), 7))).toBe(false);
    expect(isSealed(key, NO_TERM)).toBe(false);
  });
});
