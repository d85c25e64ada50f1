import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { clientOrderIdOf, decodeText, encodeText, isCanonical, textOf } from './client-order-id.js';

const text = fc.stringMatching(/^[\x20-\x7e]{1,32}$/);
const number = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n });

test('a number is its sixteen hex digits, both ways', () => {
  fc.assert(
    fc.property(number, (id) => {
      expect(textOf(id)).toMatch(/^[0-9a-f]{16}$/);
      expect(isCanonical(textOf(id))).toBe(true);
      expect(clientOrderIdOf(textOf(id))).toBe(id);
    }),
  );
});

test('any other text has a number of its own, which is never none', () => {
  fc.assert(
    fc.property(text, (name) => {
      const hash = createHash('sha256').update(`strongroom client order id\n${name}`).digest();
      const id = clientOrderIdOf(name);
      expect(id).toBe(isCanonical(name) ? BigInt(`0x${name}`) : hash.readBigUInt64BE());
      expect(id > 0n && id < 2n ** 64n).toBe(true);
    }),
  );
  for (const near of ['0'.repeat(16), 'ABCDEF0123456789', 'abcdef012345678', 'abcdef01234567890', ' abcdef0123456789'])
    expect([near, isCanonical(near), clientOrderIdOf(near) === 0n]).toEqual([near, false, false]);
});

test('a text crosses as 32 bytes and comes back whole', () => {
  fc.assert(
    fc.property(text, (name) => {
      expect(encodeText(name)).toHaveLength(32);
      expect(decodeText(encodeText(name))).toBe(name);
    }),
  );
});

test('what is empty, too long or not printable ASCII is no name', () => {
  for (const wrong of ['', 'x'.repeat(33), 'tab\t', 'é', '\u0000', 'a\n']) {
    expect(() => clientOrderIdOf(wrong)).toThrow(RangeError);
    expect(() => encodeText(wrong)).toThrow(RangeError);
  }
});
