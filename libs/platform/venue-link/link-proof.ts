import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Secret } from '@base/config';
import { LINK_VERSION } from '@core/contracts';

/** What the two sides have said before they prove that they know the key. */
export interface Challenge {
  /** Which key, so that a proof under one is none under another. */
  readonly key: string;
  readonly clientNonce: Uint8Array;
  readonly venueNonce: Uint8Array;
}

/**
 * HMAC-SHA-256 under the shared key over the protocol's name, who is proving, the key's name and both nonces. Naming the prover is what keeps
 * one side's proof from being sent back to it as the other's.
 */
export function proofOf(prover: 'client' | 'venue', secret: Secret, challenge: Challenge): Uint8Array {
  const { key, clientNonce, venueNonce } = challenge;
  return createHmac('sha256', secret.reveal())
    .update(`strongroom exchange link ${LINK_VERSION}\0${prover}\0${key}\0`)
    .update(clientNonce)
    .update(venueNonce)
    .digest();
}

/** Compares in constant time. */
export function provesKey(
  proof: Uint8Array,
  prover: 'client' | 'venue',
  secret: Secret,
  challenge: Challenge,
): boolean {
  return timingSafeEqual(proof, proofOf(prover, secret, challenge));
}
