/** Read-only views of the engine's state, for metrics, tools and tests; never on the path of a command. */
import { FIRST_CUSTOMER } from '@core/contracts';
import { balanceOf, balances, rowOf } from './balances.js';
import { instruments, INSTRUMENT_SHIFT } from './instruments.js';
import { bids, bookRank, ladders, levelBehind, levels } from './ladders.js';
import { forEachOpenOrder, openOrderCount } from './open-orders.js';
import { orders, trait } from './orders.js';
import { life, NEVER } from './scratch.js';
import { venue } from './venue.js';

/** Sequence number of the last applied command; 0n before the first. */
export const lastSequence = (): bigint => life.counters[life.SEQUENCE]!;

/** Log time: the latest time that any command carried, in microseconds since the Unix epoch. */
export const engineTime = (): bigint => life.counters[life.NOW]!;

export const openOrders = (): number => openOrderCount();

/** When the next order expires or auction ends, in log time; undefined when nothing does. */
export function nextDue(): bigint | undefined {
  const due = life.counters[life.DUE]!;
  return due === NEVER ? undefined : due;
}

/** Sessions whose end cancels an order that is open now. */
export function boundSessions(): number[] {
  const sessions = new Set<number>();
  forEachOpenOrder((order) => {
    const session = orders.session[order]! >>> 0;
    if (session !== 0 && (orders.traits[order]! & trait.CANCEL_ON_DISCONNECT) !== 0) sessions.add(session);
  });
  return [...sessions].sort((one, other) => one - other);
}

/** What an account owns of an asset and how much of it open orders and margins hold, in units of the asset. */
export function accountBalance(account: number, asset: number): { total: bigint; held: bigint } {
  const balance = balanceOf(rowOf(asset), account);
  return { total: balances.total[balance]!, held: balances.held[balance]! };
}

export interface Balance {
  readonly account: number;
  readonly asset: number;
  readonly total: bigint;
  readonly held: bigint;
}

/** Every balance with something on it, in units of its asset. */
export function balancesInUse(): Balance[] {
  const found: Balance[] = [];
  const accounts = Math.max(venue.accounts, FIRST_CUSTOMER);
  for (let asset = 0; asset < balances.supply.length; asset += 1) {
    if (balances.supply[asset] === 0n) continue;
    for (let account = 0; account < accounts; account += 1) {
      const { total, held } = accountBalance(account, asset);
      if (total !== 0n || held !== 0n) found.push({ account, asset, total, held });
    }
  }
  return found;
}

/** Numbers of all instruments that have been listed. */
export function listedInstruments(): number[] {
  const numbers = Array.from({ length: venue.instruments }, (_, number) => number);
  return numbers.filter((number) => instruments.listed[number << INSTRUMENT_SHIFT] !== 0);
}

export interface DepthLevel {
  /** Ticks. */
  readonly price: number;
  /** Lots shown. */
  readonly quantity: bigint;
  readonly orders: number;
}

/** The best `limit` price levels of one side of an instrument's book, best first. */
export function bookDepth(instrument: number, side: 'buy' | 'sell', limit: number): DepthLevel[] {
  const sideIndex = side === 'buy' ? 0 : 1;
  const ladder = bids(instrument << INSTRUMENT_SHIFT) + sideIndex;
  const depth: DepthLevel[] = [];
  for (let level = ladders.bestLevel[ladder]!; level !== 0 && depth.length < limit;) {
    const rank = levels.rank[level]!;
    depth.push({ price: bookRank(sideIndex, rank), quantity: levels.shown[level]!, orders: levels.count[level]! });
    level = levelBehind(ladder, rank);
  }
  return depth;
}
