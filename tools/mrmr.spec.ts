import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

const require = createRequire(import.meta.url);
const mrmr = require('mrmr') as {
  sum(data: Uint8Array, seed: number): number;
  murmur3(data: Uint8Array, seed: number): number;
  tweak(data: Uint8Array, n: number, tweak: number): number;
};
const { BloomFilter, RollingFilter } = require('bfilter') as {
  BloomFilter: {
    new (bits: number, functions: number, tweak: number, update: number): Bloom;
    fromRate(items: number, rate: number, update: number): Bloom;
  };
  RollingFilter: new (items: number, rate: number) => Bloom;
};
interface Bloom {
  readonly filter: Buffer;
  add(item: Buffer): void;
  test(item: Buffer): boolean;
}

/** Of the reference implementation, as Bitcoin Core's hash tests quote them: seed, data, hash. */
const REFERENCE: readonly (readonly [number, string, number])[] = [
  [0x00000000, '', 0x00000000],
  [0xfba4c795, '', 0x6a396f08],
  [0xffffffff, '', 0x81f16f39],
  [0x00000000, '00', 0x514e28b7],
  [0xfba4c795, '00', 0xea3f0b17],
  [0x00000000, 'ff', 0xfd6cf10d],
  [0x00000000, '0011', 0x16c6b7ab],
  [0x00000000, '001122', 0x8eb51c3d],
  [0x00000000, '00112233', 0xb4471bf8],
  [0x00000000, '0011223344', 0xe2301fa8],
  [0x00000000, '001122334455', 0xfc2e4a15],
  [0x00000000, '00112233445566', 0xb074502c],
  [0x00000000, '0011223344556677', 0x8034d2a0],
  [0x00000000, '001122334455667788', 0xb4698def],
];

/** MurmurHash3 once more, on bigints and by the book, to compare with. */
function slowMurmur3(data: Uint8Array, seed: number): number {
  const word = (value: bigint): bigint => value & 0xffffffffn;
  const rotate = (value: bigint, by: bigint): bigint => word((value << by) | (value >> (32n - by)));
  const mix = (block: bigint): bigint => word(rotate(word(block * 0xcc9e2d51n), 15n) * 0x1b873593n);
  let h = BigInt(seed);
  for (let at = 0; at < data.length; at += 4) {
    const block = data.slice(at, at + 4).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    h ^= mix(block);
    if (at + 4 <= data.length) h = word(rotate(h, 13n) * 5n + 0xe6546b64n);
  }
  h ^= BigInt(data.length);
  h = word((h ^ (h >> 16n)) * 0x85ebca6bn);
  h = word((h ^ (h >> 13n)) * 0xc2b2ae35n);
  return Number(h ^ (h >> 16n));
}

describe('MurmurHash3 in place of the native mrmr', () => {
  it.each(REFERENCE)('seed %i of "%s" is %i', (seed, hex, hash) => {
    expect(mrmr.sum(Buffer.from(hex, 'hex'), seed)).toBe(hash);
    expect(mrmr.murmur3(Buffer.from(hex, 'hex'), seed)).toBe(hash);
  });

  it('equals a slow twin for any data and seed', () => {
    const seed = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), seed, (data, by) => {
        expect(mrmr.sum(data, by)).toBe(slowMurmur3(data, by));
      }),
    );
  });

  it('tweaks seeds as BIP-37 says', () => {
    const u32 = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(50), u32, (data, n, by) => {
        const seed = Number((BigInt(n) * 0xfba4c795n + BigInt(by)) & 0xffffffffn);
        expect(mrmr.tweak(data, n, by)).toBe(slowMurmur3(data, seed));
      }),
    );
  });

  it('gives bfilter the filter that Bitcoin Core’s bloom tests give', () => {
    const filter = new BloomFilter(8 * 3, 5, 0, 1);
    for (const item of ['99108ad8ed9bb6274d3980bab5a85c048f0950c8', 'b5a2c786d9ef4658287ced5914b37a1b4aa32eee']) {
      filter.add(Buffer.from(item, 'hex'));
    }
    filter.add(Buffer.from('b9300670b4c5366e95b2699e8b18bc75e5f729c5', 'hex'));
    expect(filter.filter.toString('hex')).toBe('614e9b');
  });

  it('keeps bcoin’s rolling filter free of false negatives', () => {
    const filter = new RollingFilter(1_000, 0.000001);
    const items = Array.from({ length: 1_000 }, (_, i) => Buffer.from(`transaction ${i}`));
    for (const item of items) filter.add(item);
    expect(items.every((item) => filter.test(item))).toBe(true);
    expect(filter.test(Buffer.from('another'))).toBe(false);
  });
});
