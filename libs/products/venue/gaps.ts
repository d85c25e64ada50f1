import { failpoint } from '@base/failpoints';

/** The places between two effects where a death leaves something half done, in their order. */
export const GAPS = [
  /** A move is stored and nobody has heard of it. */
  'requested',
  /** A move is counted as sent, and is not. */
  'sending',
  /** The engine may have it, and we have not been told. */
  'sent',
  /** Events are in hand; nothing of them is written. */
  'read',
  /** Their money is posted, the checkpoint is not. */
  'posted',
  /** All is written and nothing committed. */
  'settling',
  'settled',
] as const;
export type Gap = (typeof GAPS)[number];

export const gapName = (gap: Gap): string => `venue.${gap}`;

/** Marks a gap, for specs that die in it. */
export function inGap(gap: Gap): void {
  failpoint(gapName(gap));
}
