'use strict';

/**
 * MurmurHash3 (x86, 32 bit) in plain JavaScript, with the three calls that bcoin's bloom filters make of the native
 * package `mrmr`. Kept here through npm `overrides` so that an install needs no compiler.
 * Source: Austin Appleby's public-domain MurmurHash3_x86_32; BIP-37 for the seed `tweak` formula.
 */

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const rotl = (x, bits) => (x << bits) | (x >>> (32 - bits));

/** Hash of `data` under `seed`, an unsigned 32-bit integer. */
function sum(data, seed) {
  const blocks = data.length - (data.length % 4);
  let h = seed | 0;
  for (let i = 0; i < blocks; i += 4) {
    let k = data[i] | (data[i + 1] << 8) | (data[i + 2] << 16) | (data[i + 3] << 24);
    k = Math.imul(rotl(Math.imul(k, C1), 15), C2);
    h = (Math.imul(rotl(h ^ k, 13), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let i = data.length - 1; i >= blocks; i -= 1) tail = (tail << 8) | data[i];
  if (data.length > blocks) h ^= Math.imul(rotl(Math.imul(tail, C1), 15), C2);
  h ^= data.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Filter hash number `n` with `tweak`, as BIP-37 defines it. */
const tweak = (data, n, tweakBy) => sum(data, (Math.imul(n, 0xfba4c795) + tweakBy) >>> 0);

module.exports = { native: 0, sum, murmur3: sum, tweak };
