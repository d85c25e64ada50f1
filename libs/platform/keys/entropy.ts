import { hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

export type RandomSource = (length: number) => Uint8Array;

export class WeakRandomness extends Error {
  override readonly name = 'WeakRandomness';
}

const SAMPLE_BYTES = 256;

/**
 * 32 bytes of entropy for a new seed: HKDF-SHA256 over 32 bytes of each source (the operating system's generator by default; add an HSM
 * or dice). A source that repeats itself or fails the health test stops the ceremony: a wallet made of weak randomness is worse than none.
 * @throws WeakRandomness
 */
export function gatherEntropy(sources: readonly RandomSource[] = [randomBytes]): Uint8Array {
  if (sources.length === 0) throw new WeakRandomness('no source of randomness');
  const drawn = sources.map((source) => {
    const sample = source(SAMPLE_BYTES);
    checkHealth(sample, source(SAMPLE_BYTES));
    return source(32);
  });
  if (drawn.some((bytes, at) => drawn.slice(at + 1).some((other) => timingSafeEqual(bytes, other)))) {
    throw new WeakRandomness('two sources gave the same bytes');
  }
  return new Uint8Array(hkdfSync('sha256', Buffer.concat(drawn), new Uint8Array(), 'strongroom seed, version 1', 32));
}

/** Bounds that a fair source breaks less than once in 10^9 draws, and a stuck, counting or ASCII one at once. */
function checkHealth(sample: Uint8Array, next: Uint8Array): void {
  if (sample.length !== SAMPLE_BYTES || next.length !== SAMPLE_BYTES) throw new WeakRandomness('short read');
  if (timingSafeEqual(sample, next)) throw new WeakRandomness('a source repeats itself');
  const ones = sample.reduce((sum, byte) => sum + bitCount(byte), 0);
  // 2,048 fair coins: mean 1,024, deviation 22.6; six deviations and a half.
  if (Math.abs(ones - 1024) > 147) throw new WeakRandomness('a source is biased');
  // 256 draws from 256 values leave about 162 distinct ones, deviation 5.
  const distinct = new Set(sample).size;
  if (distinct < 125 || distinct > 200) throw new WeakRandomness('a source is not random');
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest > 0; rest &= rest - 1) count++;
  return count;
}
