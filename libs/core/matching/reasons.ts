/** The closed lists of @core/contracts as numbers, by name: `REFUSED.invalid_price`. */
import {
  CANCEL_REASONS,
  REJECT_REASONS,
  STATE_CHANGE_REASONS,
  type CancelReason,
  type RejectReason,
} from '@core/contracts';

const numbered = <T extends string>(names: readonly T[]): Readonly<Record<T, number>> =>
  Object.freeze(Object.fromEntries(names.map((name, index) => [name, index])) as Record<T, number>);

/** ADMITTED is no reason to refuse. */
export const REFUSED = { ...numbered<RejectReason>(REJECT_REASONS), ADMITTED: 0 } as const;
export const CANCELLED = numbered<CancelReason>(CANCEL_REASONS);
export const STATE_CHANGED = numbered(STATE_CHANGE_REASONS);
