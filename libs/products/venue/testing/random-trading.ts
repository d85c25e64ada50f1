import { type EngineCommandDraft } from '@core/contracts';
import { order } from './orders.js';

/** A small generator whose seed can be printed (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** A contract on bitcoin, settled in cents: a lot gains a cent for each tick. Its number is free among the planned instruments. */
export const CONTRACT = 40;
export const contractListing: readonly EngineCommandDraft[] = [
  {
    kind: 'list-instrument',
    instrument: CONTRACT,
    symbol: 'BTC-PERP',
    settlement: 'margined',
    base: 1,
    quote: 0,
    lotUnits: 1n,
    tickValue: 1n,
    tickValueScale: 1n,
    minimumQuantity: 1n,
    maximumQuantity: 1_000_000n,
    maximumPrice: 100_000,
    initialMarginPpm: 100_000,
    maintenanceMarginPpm: 50_000,
  },
  { kind: 'set-fees', instrument: CONTRACT, tier: 0, makerPpm: -50, takerPpm: 500 },
  { kind: 'mark-price', instrument: CONTRACT, price: 30_000 },
  { kind: 'set-state', instrument: CONTRACT, state: 'open' },
];

interface Market {
  readonly instrument: number;
  readonly price: number;
  readonly spread: number;
  readonly lots: number;
}

/** Prices and sizes that fit what the accounts of the specs own; the odd ones leave something for rounding. */
const MARKETS: readonly Market[] = [
  { instrument: 0, price: 300_000, spread: 40, lots: 1_234_567 },
  { instrument: 1, price: 200_000, spread: 30, lots: 7_654_321 },
  { instrument: 2, price: 6_000, spread: 8, lots: 4_321_987 },
  { instrument: CONTRACT, price: 30_000, spread: 20, lots: 60 },
];
const MINIMUM_LOTS: Readonly<Record<number, number>> = { 0: 50_000, 1: 500_000, 2: 500_000, [CONTRACT]: 1 };

/** What somebody might send: limit and market orders of both sides that often meet, some of which only take or only rest, and cancels. */
export function anyOrder(random: (below: number) => number, accounts: readonly number[]): EngineCommandDraft {
  const account = accounts[random(accounts.length)] ?? 0;
  const market = MARKETS[random(MARKETS.length)] ?? MARKETS[0]!;
  const dice = random(20);
  if (dice === 0) return { kind: 'cancel-all', account, instrument: market.instrument, session: 0 };
  const isMarket = dice < 3;
  const least = MINIMUM_LOTS[market.instrument] ?? 1;
  return order({
    account,
    instrument: market.instrument,
    side: random(2) === 0 ? 'buy' : 'sell',
    type: isMarket ? 'market' : 'limit',
    timeInForce: isMarket || dice < 6 ? 'ioc' : 'gtc',
    price: isMarket ? 0 : market.price + random(market.spread) - market.spread / 2,
    quantity: BigInt(least + random(market.lots)),
    selfTrade: (['allow', 'cancel-newest', 'decrement'] as const)[random(3)] ?? 'allow',
  });
}

/** The mark price goes somewhere: cash follows, and now and then somebody cannot pay. */
export const anyMark = (random: (below: number) => number): EngineCommandDraft => ({
  kind: 'mark-price',
  instrument: CONTRACT,
  price: 20_000 + random(20_000),
});
