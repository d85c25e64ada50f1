import { afterEach, describe, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Store } from './store.js';

const folder = mkdtempSync(join(tmpdir(), 'sandbox-store-'));
const file = join(folder, 'state.jsonl');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const things = async (): Promise<{ n: number }[]> => {
  const store = await Store.open(folder);
  const all = store.collection<{ n: number }>('things').all();
  await store.close();
  return all;
};

describe('what a sandbox process remembers', () => {
  it('keeps whole commits and forgets a torn one, wherever the file was cut', async () => {
    const store = await Store.open(folder);
    const kept = store.collection<{ n: number }>('things');
    for (let n = 1; n <= 3; n += 1) {
      kept.put('first', { n });
      kept.put('second', { n: -n });
      await store.commit();
    }
    await store.close();
    const text = readFileSync(file, 'utf8');
    const ends = [...text].flatMap((sign, at) => (sign === '\n' ? [at + 1] : []));
    for (let cut = text.length; cut >= 0; cut -= 1) {
      writeFileSync(file, text);
      truncateSync(file, cut);
      const commits = ends.filter((end) => end <= cut).length;
      expect(await things()).toEqual(commits === 0 ? [] : [{ n: commits }, { n: -commits }]);
    }
  });

  it('goes on after a torn line as if it had never been written', async () => {
    const store = await Store.open(folder);
    store.collection('things').put('first', { n: 1 });
    await store.close();
    appendFileSync(file, '[["things","first",{"n":2');
    expect(await things()).toEqual([{ n: 1 }]);
    expect(await things()).toEqual([{ n: 1 }]);
  });
});
