import { failpoint } from '@base/failpoints';

/** The places between two effects where a death leaves something half done, in their order. */
export const GAPS = [
  /** Records are in hand and not in the log. */
  'taken',
  /** They are in the log, and the checkpoint does not say so. */
  'acknowledged',
] as const;
export type Gap = (typeof GAPS)[number];

export const gapName = (gap: Gap): string => `event-log.${gap}`;

/** Marks a gap, for specs that die in it. */
export function inGap(gap: Gap): void {
  failpoint(gapName(gap));
}
