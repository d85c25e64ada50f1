import { secp256k1 } from '@noble/curves/secp256k1.js';
import { WalletRefusal } from './wallet-refusal.js';

/** An ECDSA signature over secp256k1: `r || s`, the parity that recovers the public key, and that key (compressed). */
export interface Signature {
  readonly compact: Uint8Array;
  readonly recovery: 0 | 1;
  readonly publicKey: Uint8Array;
}

/** Whatever holds a key: software here, an HSM elsewhere. The key itself stays where it is. */
export type DigestSigner = (digest: Uint8Array) => Signature;

/**
 * Signs a 32-byte digest with a nonce by RFC 6979 and low S (BIP-62, EIP-2), then verifies the result with the public key before
 * anybody sees it: a fault while signing would otherwise leak the key.
 */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Signature {
  assertDigest(digest);
  const recovered = secp256k1.sign(digest, privateKey, { prehash: false, lowS: true, format: 'recovered' });
  const compact = recovered.slice(1);
  const publicKey = publicKeyOf(privateKey);
  if (!verifyDigest(publicKey, digest, compact)) {
    throw new WalletRefusal('signature_invalid', 'the signature just made does not verify');
  }
  const recovery = recovered[0];
  // 2 and 3 mean that x overflowed the group order, which no honest nonce reaches (probability 2^-127).
  if (recovery !== 0 && recovery !== 1) throw new WalletRefusal('signature_invalid', 'recovery id out of range');
  return { compact, recovery, publicKey };
}

/** Whether `compact` (64 bytes, low S) signs the digest under the public key. Malformed input is `false`. */
export function verifyDigest(publicKey: Uint8Array, digest: Uint8Array, compact: Uint8Array): boolean {
  try {
    return secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true });
  } catch {
    return false;
  }
}

/** Strict DER form (BIP-66) of a compact signature. */
export function derSignature(compact: Uint8Array): Uint8Array {
  return secp256k1.Signature.fromBytes(compact, 'compact').toBytes('der');
}

/** Reads a strict DER signature; refuses BER, negative or padded integers, high S, and anything left over. */
export function parseDerSignature(der: Uint8Array): Uint8Array {
  let signature: ReturnType<typeof secp256k1.Signature.fromBytes>;
  try {
    signature = secp256k1.Signature.fromBytes(der, 'der');
  } catch {
    throw new WalletRefusal('signature_invalid', 'not a strict DER signature');
  }
  if (signature.hasHighS()) throw new WalletRefusal('signature_invalid', 'high S (BIP-62)');
  return signature.toBytes('compact');
}

/** Compressed public key of a private key. */
export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return secp256k1.getPublicKey(privateKey, true);
}

function assertDigest(digest: Uint8Array): void {
  if (digest.length !== 32) throw new WalletRefusal('transaction_malformed', 'a digest has 32 bytes');
}
