import { type AssetCode } from '@core/money';

/**
 * The life of a trade that is taken back. First it is `taking` from whoever received; if somebody has not got it any more it is `short`, and waits
 * for an operator to try again or to abandon it. Only what has been taken is given (`giving`, `returning`), and giving fails only where the engine has
 * no room, so that both end. Everything on the way is stored, and the engine's event stream alone moves it on.
 */
export const BUST_STATES = ['taking', 'short', 'giving', 'returning', 'busted', 'abandoned'] as const;
export type BustState = (typeof BUST_STATES)[number];

/** retry, abandon: an operator's. The others: all transfers of the state have been answered. */
export type BustEvent = 'request' | 'took' | 'fell-short' | 'gave' | 'returned' | 'retry' | 'abandon';

export const BUST_TABLE: Readonly<Record<BustState, Partial<Record<BustEvent, BustState>>>> = {
  taking: { took: 'giving', 'fell-short': 'short' },
  short: { retry: 'taking', abandon: 'returning' },
  giving: { gave: 'busted', retry: 'giving' },
  returning: { returned: 'abandoned', retry: 'returning' },
  busted: {},
  abandoned: {},
};

/** The state after `event`, or undefined when the table does not allow it. */
export const nextBustState = (from: BustState, event: BustEvent): BustState | undefined => BUST_TABLE[from][event];

export interface Bust {
  readonly id: string;
  /** The trade: its command and its event of that command. */
  readonly sequence: bigint;
  readonly index: number;
  readonly tradedAt: Date;
  readonly instrument: number;
  readonly state: BustState;
  readonly version: number;
  readonly reason: string;
  readonly requestedBy: string;
  readonly approvedBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type BustDirection = 'take' | 'give';
export type BustPurpose = BustDirection | 'return';

/** What one account gives or gets back in one asset. */
export interface BustLeg {
  readonly leg: number;
  readonly direction: BustDirection;
  /** The engine's number. */
  readonly account: number;
  readonly asset: AssetCode;
  /** Minor units of the ledger. */
  readonly amount: bigint;
  /** The same in units of the engine. */
  readonly units: bigint;
}

/** An attempt to move a leg in the engine, under an id that it always has. */
export interface BustTransfer extends BustLeg {
  readonly id: string;
  readonly bustId: string;
  readonly purpose: BustPurpose;
  readonly attempt: number;
  readonly state: 'requested' | 'sent' | 'settled' | 'refused';
  readonly sends: number;
  readonly reason: string | null;
}

/** What the transfers of a state are for. Those of `short` are over. */
export const PURPOSE_OF: Readonly<Partial<Record<BustState, BustPurpose>>> = {
  taking: 'take',
  giving: 'give',
  returning: 'return',
};
