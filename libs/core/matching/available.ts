import { instruments } from './instruments.js';
import * as Ladders from './ladders.js';
import { orders, selfTradeRule, trait } from './orders.js';
import { registers } from './scratch.js';
import * as Volatility from './volatility.js';

const { bids, bookRank, ladders, levelBehind, levels } = Ladders;
const { isWithinHaltBand, rollHaltWindow } = Volatility;

const { ICEBERG, SELF_TRADE_SHIFT, SELL } = trait;
const { AVAILABLE, LOTS, scratch } = registers;

const { next, price, account, instrument, traits, open, hidden } = orders;
const { bestLevel } = ladders;
const { head, rank } = levels;
const { haltPpm } = instruments;

const { ALLOW, CANCEL_OLDEST } = selfTradeRule;

/**
 * Whether `taker`, not in the book yet, would trade at least scratch[LOTS] on arrival. Own resting orders end the count
 * unless its self-trade rule trades with them or cancels them and goes on.
 */
export function couldTrade(taker: number): boolean {
  const i = instrument[taker]!;
  const opposite = 1 - (traits[taker]! & SELL);
  const rule = (traits[taker]! >> SELF_TRADE_SHIFT) & 7;
  const worst = bookRank(opposite, price[taker]!);
  const ladder = bids(i) + opposite;
  if (haltPpm[i] !== 0) rollHaltWindow(i);
  scratch[AVAILABLE] = 0n;
  for (let level = bestLevel[ladder]!; level !== 0; level = levelBehind(ladder, rank[level]!)) {
    if (rank[level]! > worst || !isWithinHaltBand(i, bookRank(opposite, rank[level]!))) return false;
    for (let maker = head[level]!; maker !== 0; maker = next[maker]!) {
      if (rule !== ALLOW && account[maker] === account[taker]) {
        if (rule !== CANCEL_OLDEST) return false;
        continue;
      }
      scratch[AVAILABLE] = BigInt.asIntN(64, scratch[AVAILABLE] + open[maker]!);
      if ((traits[maker]! & ICEBERG) !== 0) {
        scratch[AVAILABLE] = BigInt.asIntN(64, scratch[AVAILABLE] + hidden[maker]!);
      }
      if (scratch[AVAILABLE] >= scratch[LOTS]!) return true;
    }
  }
  return false;
}
