import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import bcoinCurve from 'bcrypto/lib/secp256k1.js';

const UNCOMPRESSED = 4;
const HYBRID_EVEN = 6;

/**
 * Gives bcoin a faster signature check. Without a compiler its own runs on a 2018 elliptic.js, which takes tens of
 * milliseconds a signature and has known flaws; parsing and the BIP-66 rules stay bcoin's.
 */
function verify(hash: Buffer, signature: Buffer, key: Buffer): boolean {
  const point = withoutHybridPrefix(key);
  if (!point || signature.length !== 64) return false;
  try {
    // High S is a question of relay policy, which was asked before.
    return noble.verify(signature, hash, point, { prehash: false, lowS: false, format: 'compact' });
  } catch {
    // noble throws on a key that is no point of the curve.
    return false;
  }
}

/** Consensus still knows keys of 65 bytes whose prefix repeats the parity of y. */
function withoutHybridPrefix(key: Buffer): Buffer | undefined {
  const [prefix = 0] = key;
  if (key.length !== 65 || prefix < HYBRID_EVEN) return key;
  if (prefix - HYBRID_EVEN !== (key.readUInt8(64) & 1)) return undefined;
  return Buffer.from([UNCOMPRESSED, ...key.subarray(1)]);
}

bcoinCurve.verify = verify;
