import { type ChainAsset, type IntentState } from '@platform/custody';

/**
 * The life of a withdrawal from the exchange to an address outside: first the exchange gives the money to the customer's account, then custody
 * pays it out. `moving` waits for the engine; `withdrawing` is custody's, whose intent says the rest. Where custody will not have it, the
 * money goes back to the exchange (`returned`), or, where that is refused too, stays in the customer's account (`kept`).
 */
export const VENUE_WITHDRAWAL_STATES = ['moving', 'refused', 'withdrawing', 'returned', 'kept'] as const;
export type VenueWithdrawalState = (typeof VENUE_WITHDRAWAL_STATES)[number];

export type VenueWithdrawalEvent = 'refuse' | 'pay_out' | 'return' | 'keep';

export const VENUE_WITHDRAWAL_TABLE: Readonly<
  Record<VenueWithdrawalState, Partial<Record<VenueWithdrawalEvent, VenueWithdrawalState>>>
> = {
  moving: { refuse: 'refused', pay_out: 'withdrawing', return: 'returned', keep: 'kept' },
  refused: {},
  withdrawing: {},
  returned: {},
  kept: {},
};

export interface VenueWithdrawal {
  readonly id: string;
  readonly customerId: string;
  readonly idempotencyKey: string;
  readonly asset: ChainAsset;
  readonly whitelistId: string;
  readonly destination: string;
  /** Minor units that arrive, and that the network gets on top. */
  readonly amount: bigint;
  readonly fee: bigint;
  readonly transferId: string;
  readonly state: VenueWithdrawalState;
  /** Why it was refused, returned or kept: a code. */
  readonly reason: string | null;
  /** Custody's, once it has one. */
  readonly intentState: IntentState | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
