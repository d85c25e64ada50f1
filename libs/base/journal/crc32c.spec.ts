import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { crc32cOf } from './index.js';

const POLYNOMIAL = 0x82f63b78;

/** The definition, bit by bit. */
function slowCrc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return ~crc;
}

const ascending = Uint8Array.from({ length: 32 }, (_, index) => index);
const READ_COMMAND =
  '01c00000000000000000000000000000140000000000040000000014000000182800000000000000' + '0200000000000000';

describe('CRC-32C', () => {
  test.each([
    ['32 bytes of zeros', new Uint8Array(32), 0x8a9136aa],
    ['32 bytes of ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['32 ascending bytes', ascending, 0x46dd794e],
    ['32 descending bytes', ascending.toReversed(), 0x113fdb5c],
    ['an iSCSI read command', Uint8Array.from(Buffer.from(READ_COMMAND, 'hex')), 0xd9963a56],
    ['the digits 1 to 9', new TextEncoder().encode('123456789'), 0xe3069283],
    ['nothing', new Uint8Array(0), 0],
  ])('RFC 3720 B.4: %s', (_, bytes, expected) => {
    expect(crc32cOf(bytes) >>> 0).toBe(expected);
  });

  test('is the bitwise definition at every length and alignment, whole or in pieces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(7), fc.nat(300), (bytes, shift, cut) => {
        const moved = new Uint8Array(bytes.length + shift).subarray(shift);
        moved.set(bytes);
        const expected = slowCrc32c(bytes);
        expect(crc32cOf(moved)).toBe(expected);
        expect(crc32cOf(moved.subarray(cut), crc32cOf(moved.subarray(0, cut)))).toBe(expected);
      }),
    );
  });
});
