import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { derSignature, parseDerSignature, publicKeyOf, signDigest, verifyDigest } from './index.js';
import { officialVectors } from './testing/official-vectors.js';

const wycheproof = officialVectors<{
  tests: { tcId: number; pub: string; msg: string; sig: string; result: string; comment: string }[];
}>('wycheproof-ecdsa-secp256k1-bitcoin');

const DIGESTS = process.env['TORTURE'] ? 10_000 : 400;

describe('ECDSA over secp256k1', () => {
  it('Wycheproof (Bitcoin rules): accepts the valid signatures and none of the invalid ones', () => {
    const wrong: string[] = [];
    for (const { tcId, pub, msg, sig, result, comment } of wycheproof?.tests ?? []) {
      let accepted: boolean;
      try {
        accepted = verifyDigest(hexToBytes(pub), sha256(hexToBytes(msg)), parseDerSignature(hexToBytes(sig)));
      } catch {
        accepted = false;
      }
      if (accepted !== (result === 'valid')) wrong.push(`${tcId} ${result} ${comment}`);
    }
    expect(wrong).toEqual([]);
  });

  it('RFC 6979: the published secp256k1 signature of the key 1 over "Satoshi Nakamoto"', () => {
    const { compact } = signDigest(
      hexToBytes(`${'00'.repeat(31)}01`),
      sha256(new TextEncoder().encode('Satoshi Nakamoto')),
    );
    expect(bytesToHex(compact)).toBe(
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
    );
  });

  it('K2: many digests under one key give as many different nonces, all with low S, all verifying', () => {
    const key = new Uint8Array(32).fill(7);
    const seen = new Set<string>();
    for (let at = 0; at < DIGESTS; at++) {
      const { compact } = signDigest(key, sha256(new TextEncoder().encode(`digest ${at}`)));
      seen.add(bytesToHex(compact.slice(0, 32)));
      expect(BigInt(`0x${bytesToHex(compact.slice(32))}`)).toBeLessThanOrEqual(
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n,
      );
    }
    expect(seen.size).toBe(DIGESTS);
  });

  it('signs the same digest the same way twice, and reads its own DER back', () => {
    const key = new Uint8Array(32).fill(9);
    const digest = sha256(key);
    const { compact } = signDigest(key, digest);
    expect(signDigest(key, digest).compact).toEqual(compact);
    expect(parseDerSignature(derSignature(compact))).toEqual(compact);
    expect(verifyDigest(publicKeyOf(key), digest, compact)).toBe(true);
    expect(verifyDigest(publicKeyOf(key), sha256(digest), compact)).toBe(false);
  });

  it('signs nothing that is not a 32-byte digest', () => {
    expect(() => signDigest(new Uint8Array(32).fill(9), new Uint8Array(31))).toThrow(/32 bytes/);
  });
});
