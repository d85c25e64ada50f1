/**
 * What becomes of value that arrives at an address of ours, as a table. `seen`: in a block, pending. `credited`: deep enough, the customer's to use.
 * `orphaned`: its block is gone before that. `lost`: its block is gone after that, which halts the asset. `ignored`: too small to be worth moving.
 */
export const DEPOSIT_TRANSITIONS = {
  seen: { credit: 'credited', block_gone: 'orphaned' },
  orphaned: { shown_again: 'seen' },
  credited: { block_gone: 'lost' },
  lost: { shown_again: 'credited' },
  ignored: {},
} as const;

export type DepositState = keyof typeof DEPOSIT_TRANSITIONS;
export type DepositEvent = 'credit' | 'block_gone' | 'shown_again';

/** The state after `event`, or undefined where the event means nothing (a dust output whose block is gone). */
export function afterDepositEvent(state: DepositState, event: DepositEvent): DepositState | undefined {
  const row: Partial<Record<DepositEvent, DepositState>> = DEPOSIT_TRANSITIONS[state];
  return row[event];
}

export interface Deposit {
  readonly id: string;
  readonly chainId: string;
  readonly txid: string;
  readonly place: number;
  readonly addressId: string;
  readonly ownerKind: 'customer' | 'house' | 'wallet';
  readonly customerId: string | null;
  readonly asset: 'BTC' | 'ETH';
  /** Minor units. */
  readonly amount: bigint;
  readonly state: DepositState;
  readonly round: number;
  readonly height: number;
  readonly blockHash: string;
  /** Blocks, its own included, that it has to lie under. */
  readonly confirmations: number;
  readonly seenAt: Date;
  readonly creditedAt: Date | null;
}
