import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Secret } from '@base/config';
import { SealBroken, Sealer } from './index.js';

const key = new Secret('a-master-key-of-the-spec-0001');
const totp = new Sealer({ purpose: 'totp', key });

describe('sealed values', () => {
  it('open to what was sealed, for their owner', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 40 }), (text, owner) => {
        expect(totp.open(totp.seal(text, owner), owner)).toBe(text);
      }),
    );
  });

  it('refuse another owner, another purpose and another key', () => {
    const sealed = totp.seal('JBSWY3DPEHPK3PXP', 'alice');
    const others = [
      new Sealer({ purpose: 'email', key }),
      new Sealer({ purpose: 'totp', key: new Secret('another-master-key-0002') }),
    ];
    expect(() => totp.open(sealed, 'bob')).toThrow(SealBroken);
    for (const other of others) expect(() => other.open(sealed, 'alice')).toThrow(SealBroken);
  });

  it('refuse every flipped bit and every truncation', () => {
    const sealed = totp.seal('JBSWY3DPEHPK3PXP', 'alice');
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const flipped = Buffer.from(sealed);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => totp.open(flipped, 'alice')).toThrow(SealBroken);
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => totp.open(sealed.subarray(0, length), 'alice')).toThrow(SealBroken);
    }
  });

  it('J6: values under a replaced key still open, and are known to be stale', () => {
    const sealed = totp.seal('JBSWY3DPEHPK3PXP', 'alice');
    const replaced = new Sealer({ purpose: 'totp', key: new Secret('the-next-master-key-0003'), previous: key });
    expect(replaced.open(sealed, 'alice')).toBe('JBSWY3DPEHPK3PXP');
    expect(replaced.isStale(sealed)).toBe(true);
    expect(replaced.isStale(replaced.seal('x', 'alice'))).toBe(false);
  });
});
