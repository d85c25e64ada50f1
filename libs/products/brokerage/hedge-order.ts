import { type AssetCode, type Rate, rate } from '@core/money';
import { uuidV5 } from '@base/database';
import { pairOf } from '@platform/pricing';
import { type HedgeFill, type HedgeOrder } from './hedge-venue.js';

/**
 * The life of a hedge. `planned` is stored and its money is on the way to the venue; `sent` may have reached it; of `unknown` the venue has not said what
 * became of it. `filled`, `partly` and `failed` are its answer, and `reconciled` is when the settled books say the same.
 */
export const HEDGE_STATES = ['planned', 'sent', 'unknown', 'filled', 'partly', 'failed', 'reconciled'] as const;
export type HedgeState = (typeof HEDGE_STATES)[number];

/** give_up: its money did not arrive in time. lose: no answer. miss: refused, or nothing filled. accept: people have looked. */
export type HedgeEvent = 'plan' | 'send' | 'give_up' | 'fill' | 'fill_part' | 'miss' | 'lose' | 'reconcile' | 'accept';

const OVER = { reconcile: 'reconciled', accept: 'reconciled' } as const;
const ANSWERS = { send: 'sent', fill: 'filled', fill_part: 'partly', miss: 'failed', lose: 'unknown' } as const;

export const HEDGE_TABLE: Readonly<Record<HedgeState, Partial<Record<HedgeEvent, HedgeState>>>> = {
  planned: { send: 'sent', give_up: 'failed' },
  // The process that sent it may have died before it noted the answer.
  sent: ANSWERS,
  unknown: ANSWERS,
  filled: OVER,
  partly: OVER,
  failed: OVER,
  reconciled: {},
};

/** The state after `event`, or undefined when the table does not allow it. */
export const nextHedgeState = (from: HedgeState, event: HedgeEvent): HedgeState | undefined => HEDGE_TABLE[from][event];

export interface Hedge {
  readonly id: string;
  readonly clientId: string;
  readonly asset: AssetCode;
  readonly pair: string;
  readonly side: 'BUY' | 'SELL';
  readonly amount: bigint;
  readonly limitNum: bigint;
  readonly limitDen: bigint;
  readonly spentAsset: AssetCode;
  readonly spent: bigint;
  readonly position: bigint;
  readonly state: HedgeState;
  readonly version: number;
  readonly sends: number;
  readonly reason: string | null;
  readonly mismatched: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** Sixteen hex digits, which a venue with numbers of 64 bits takes as they are. */
export const clientIdOf = (id: string): string => uuidV5('brokerage.hedge', id).replaceAll('-', '').slice(-16);

export const limitOf = ({ pair, limitNum, limitDen }: Pick<Hedge, 'pair' | 'limitNum' | 'limitDen'>): Rate => {
  const { base, quote } = pairOf(pair);
  return rate(base, quote, limitNum, limitDen);
};

export const orderOf = (hedge: Hedge): HedgeOrder => ({
  clientId: hedge.clientId,
  pair: hedge.pair,
  side: hedge.side,
  asset: hedge.asset,
  amount: hedge.amount,
  limit: limitOf(hedge),
});

export const filledBy = (fills: readonly HedgeFill[]): bigint => fills.reduce((sum, { amount }) => sum + amount, 0n);

/** What the fills of an order come to. @throws RangeError when they are more than it asked for */
export function endingOf(amount: bigint, fills: readonly HedgeFill[]): 'fill' | 'fill_part' | 'miss' {
  const filled = filledBy(fills);
  if (filled > amount) throw new RangeError('the venue filled more than was ordered');
  return filled === amount ? 'fill' : filled === 0n ? 'miss' : 'fill_part';
}

/** Whether two accounts of the same trades agree, trade by trade. */
export function sameFills(one: readonly HedgeFill[], other: readonly HedgeFill[]): boolean {
  if (one.length !== other.length) return false;
  const known = new Map(one.map((fill) => [fill.tradeId, fill]));
  return other.every(({ tradeId, amount, price, fee }) => {
    const fill = known.get(tradeId);
    return (
      fill?.amount === amount &&
      fill.fee === fee &&
      fill.price.numerator * price.denominator === price.numerator * fill.price.denominator
    );
  });
}
