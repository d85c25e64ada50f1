import { compareRates, convert, divergenceBps, type Rate } from '@core/money';
import { account, captureLegs, credit, debit, type Leg } from '@platform/ledger';
import { assert } from './assert.js';
import { inventory } from './inventory.js';
import { type Order } from './orders.js';
import { available } from './order-funds.js';
import { type PricedQuote, type Side } from './price-quote.js';
import { assetOut } from './quote.js';

/** A conversion as it is executed: amounts by the price, profit by the mid of that moment. */
export interface Deal {
  readonly mid: Rate;
  readonly price: Rate;
  readonly inAmount: bigint;
  readonly outAmount: bigint;
  /** In the quote asset, as in {@link PricedQuote}; `spread` is negative when the market has moved against a firm price. */
  readonly principal: bigint;
  readonly spread: bigint;
  readonly fee: bigint;
}

/** The deal that a price makes at a mid: what the coins are worth then is principal, the rest of what the price takes is spread. */
export function dealAt(side: Side, priced: PricedQuote, mid: Rate): Deal {
  const { inAmount, outAmount, price, fee } = priced;
  if (side === 'BUY') {
    const principal = convert(outAmount, mid, 'ceil');
    return { mid, price, inAmount, outAmount, principal, spread: inAmount - fee - principal, fee };
  }
  const principal = convert(inAmount, mid, 'floor');
  return { mid, price, inAmount, outAmount, principal, spread: principal - outAmount - fee, fee };
}

/** How far the market has moved against the house since a price was given, in basis points; zero when it moved the other way. */
export function adverseMoveBps(side: Side, quoted: Rate, now: Rate): bigint {
  const direction = compareRates(now, quoted);
  return (side === 'BUY' ? direction > 0 : direction < 0) ? divergenceBps(quoted, now) : 0n;
}

/**
 * The legs of an execution, one transfer for everything: the held money to the house, the bought asset to the customer, fee and spread to
 * their revenue accounts.
 */
export function dealLegs(order: Order, hold: string, deal: Deal): readonly Leg[] {
  const { side, pair } = order.quote;
  const cash = pair.quote;
  const fee = account('fee_revenue', cash);
  const spread = account('spread_revenue', cash);
  const out = available(order, assetOut(order.quote));
  const [from, { inAmount, outAmount, principal }] = [available(order), deal];
  const profit = [
    ...(deal.fee > 0n ? [credit(fee, deal.fee)] : []),
    ...(deal.spread > 0n ? [credit(spread, deal.spread)] : deal.spread < 0n ? [debit(spread, -deal.spread)] : []),
  ];
  if (side === 'BUY') {
    assert(inAmount === principal + deal.spread + deal.fee, 'what the customer gives is principal, spread and fee');
    const [held] = captureLegs({ hold, from, to: [{ account: inventory(cash), amount: inAmount }] });
    assert(held !== undefined, 'a capture has a leg on its hold');
    return [
      held,
      credit(inventory(cash), principal),
      ...profit,
      debit(inventory(pair.base), outAmount),
      credit(out, outAmount),
    ];
  }
  assert(principal === outAmount + deal.spread + deal.fee, 'what the coins are worth is out, spread and fee');
  const sold = captureLegs({ hold, from, to: [{ account: inventory(pair.base), amount: inAmount }] });
  return [...sold, debit(inventory(cash), principal), credit(out, outAmount), ...profit];
}
