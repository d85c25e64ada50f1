import { failpoint } from '@base/failpoints';

/**
 * The places in an intent's life where a death leaves something half done, in their order. `…ing` is inside the transaction that makes the
 * step durable; the others lie between two effects that no transaction spans.
 */
export const GAPS = [
  /** Coins or nonce chosen, nothing committed. */
  'reserving',
  /** The unsigned transaction is stored, the signer has not heard of it. */
  'reserved',
  /** The question is counted, and not asked. */
  'asked',
  /** The signer has signed and written it down; we have not. */
  'answered',
  /** The signed transaction is stored, nobody has seen it. */
  'signed',
  /** The network has it, and we have not written that down. */
  'sent',
  'broadcasting',
  'broadcast',
  /** A block has it, and the block is not taken in. */
  'confirming',
  /** The block is taken in, the end is not posted. */
  'confirmed',
  /** Posted and not committed. */
  'settling',
  'settled',
] as const;
export type Gap = (typeof GAPS)[number];

export const gapName = (gap: Gap): string => `custody.${gap}`;

/** Marks a gap, for specs that die in it. */
export function inGap(gap: Gap): void {
  failpoint(gapName(gap));
}
