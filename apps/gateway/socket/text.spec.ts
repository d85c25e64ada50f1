/** What messages are put together from, against what is slower and obviously right. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { isoTime } from './iso-time.js';
import { jsonText } from './json-text.js';

describe('what messages are put together from', () => {
  test('a text is the JSON of itself, in printable ASCII, whatever is in it', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^["\\\u007f\u0000-\u001fa-z]*$/),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(jsonText(text)).toMatch(/^[\x20-\x7e]*$/);
        expect(JSON.parse(jsonText(text))).toBe(text);
      }),
    );
  });

  test('a time is that of its millisecond with three digits more, however times follow each other', () => {
    const times = fc.array(fc.bigInt({ min: 0n, max: 4_102_444_800_000_000n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, fc.bigInt({ min: -2_000_000n, max: 2_000_000n }), (some, step) => {
        for (const time of some.flatMap((at) => [at, at + step < 0n ? 0n : at + step])) {
          const millisecond = new Date(Number(time / 1_000n)).toISOString().slice(0, -1);
          expect(isoTime(time)).toBe(`${millisecond}${String(time % 1_000n).padStart(3, '0')}Z`);
        }
      }),
    );
  });
});
