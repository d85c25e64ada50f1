import { SELF_TRADE_RULES } from '@core/contracts';
import { arrive } from './arrive.js';
import { accountRecord, accounts } from './balances.js';
import { hasFreeRecord } from './free-records.js';
import { feeRecord, fees } from './instruments.js';
import { bids, bookRank, ladders, NO_RANK } from './ladders.js';
import { draft, register } from './open-orders.js';
import { orderAccepted } from './order-events.js';
import { orders, orderType, timeInForce, trait } from './orders.js';
import { positionOf, positions } from './positions.js';
import { instruments } from './instruments.js';
import { protectionPrice } from './protection.js';

/**
 * Closes a position at market, within the protection band, by an order in the account's name. What finds no other side
 * stays, and is tried again at the next mark price.
 */
export function liquidate(i: number, owner: number): void {
  if (!hasFreeRecord()) return;
  const p = positionOf(instruments.positionsRow[i]!, owner);
  const side = positions.lots[p]! > BigInt(0) ? 1 : 0;
  const order = draft();
  const t = trait;
  orders.traits[order] =
    side |
    t.MARGINED |
    t.LIQUIDATION |
    t.REDUCE_ONLY |
    t.MARKET |
    t.IMMEDIATE |
    (orderType.MARKET_TYPE << t.TYPE_SHIFT) |
    (timeInForce.IOC << t.TIME_IN_FORCE_SHIFT) |
    (SELF_TRADE_RULES.indexOf('cancel-oldest') << t.SELF_TRADE_SHIFT);
  const best = ladders.bestRank[bids(i) + 1 - side]!;
  const rates = feeRecord(i, accounts.tier[accountRecord(owner)]!);
  orders.instrument[order] = i;
  orders.account[order] = owner;
  orders.session[order] = 0;
  orders.price[order] = protectionPrice(i, side, best === NO_RANK ? 0 : bookRank(1 - side, best));
  orders.trigger[order] = 0;
  orders.makerPpm[order] = fees.makerPpm[rates]!;
  orders.takerPpm[order] = fees.takerPpm[rates]!;
  orders.open[order] = side === 1 ? positions.lots[p]! : -positions.lots[p]!;
  orders.clientOrderId[order] = 0n;
  orders.filled[order] = 0n;
  orders.hold[order] = 0n;
  orders.notionalCarry[order] = 0n;
  orders.feeCarry[order] = 0n;
  register(order);
  orderAccepted(order);
  arrive(order);
}
