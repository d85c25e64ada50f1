import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Secret } from '@base/config';

/** A term and the proof that a venue of this pair began it. */
export interface SealedTerm {
  readonly term: number;
  readonly seal: Uint8Array;
}

export const NO_TERM: SealedTerm = { term: 0, seal: new Uint8Array(32) };

/**
 * HMAC-SHA-256 under the standby's key, which primary and standby alone know: a client can carry the news of a promotion to the old primary
 * and cannot invent one.
 */
export function sealTerm(key: Secret, term: number): SealedTerm {
  const seal = createHmac('sha256', key.reveal()).update(`strongroom exchange term\0${term}\0`).digest();
  return { term, seal: new Uint8Array(seal) };
}

/** Compares in constant time. */
export const isSealed = (key: Secret, { term, seal }: SealedTerm): boolean =>
  term > 0 && timingSafeEqual(seal, sealTerm(key, term).seal);
