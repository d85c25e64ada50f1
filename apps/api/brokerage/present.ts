import { formatAmount, formatRate, type AssetCode } from '@core/money';
import {
  assetIn,
  assetOut,
  depositTerms,
  formatPpmAsBps,
  type Order,
  type OrderStep,
  type SignedQuote,
} from '@products/brokerage';

export const moneyOf = (minor: bigint, asset: AssetCode) => ({ asset, amount: formatAmount(minor, asset) });

const PRICE_DECIMALS = 8;

export function presentQuote({ quote, signature }: SignedQuote): object {
  const { pair, priced, terms } = quote;
  const cash = pair.quote;
  return {
    id: quote.id,
    state: quote.state,
    profile: quote.profile,
    pair: pair.symbol,
    side: quote.side,
    mode: quote.mode,
    method: quote.method,
    priceMode: quote.priceMode,
    in: moneyOf(priced.inAmount, assetIn(quote)),
    out: moneyOf(priced.outAmount, assetOut(quote)),
    mid: formatRate(quote.mid, PRICE_DECIMALS, 'half-even'),
    midSources: quote.sources,
    reference: formatRate(quote.reference, PRICE_DECIMALS, quote.side === 'BUY' ? 'ceil' : 'floor'),
    price: formatRate(priced.price, PRICE_DECIMALS, quote.side === 'BUY' ? 'ceil' : 'floor'),
    spread: { bps: formatPpmAsBps(terms.spreadPpm), amount: formatAmount(priced.spread, cash), asset: cash },
    fees: [{ code: 'fee', bps: formatPpmAsBps(terms.feePpm), minimum: formatAmount(terms.minFee, cash), amount: formatAmount(priced.fee, cash), asset: cash }], // prettier-ignore
    networkFee: moneyOf(0n, cash),
    allInBps: formatPpmAsBps(priced.allInPpm),
    depositTerms: depositTerms(quote.method),
    limits: quote.limits,
    validMs: quote.expiresAt.getTime() - quote.createdAt.getTime(),
    createdAt: quote.createdAt,
    expiresAt: quote.expiresAt,
    signature: signature.toString('hex'),
  };
}

export interface OrderExtras {
  readonly payment?: object | null;
  readonly reprice?: object | null;
  readonly history?: readonly OrderStep[];
}

export function presentOrder(order: Order, { payment = null, reprice = null, history }: OrderExtras = {}): object {
  const { quote, execution } = order;
  const cash = quote.pair.quote;
  return {
    id: order.id,
    state: order.state,
    reason: order.reason,
    quoteId: quote.id,
    profile: quote.profile,
    pair: quote.pair.symbol,
    method: quote.method,
    priceMode: quote.priceMode,
    in: moneyOf(quote.priced.inAmount, assetIn(quote)),
    quotedOut: moneyOf(quote.priced.outAmount, assetOut(quote)),
    out: execution && moneyOf(execution.outAmount, assetOut(quote)),
    price: execution && formatRate(execution.price, PRICE_DECIMALS, 'half-even'),
    mid: execution && formatRate(execution.mid, PRICE_DECIMALS, 'half-even'),
    fee: execution && moneyOf(execution.fee, cash),
    spread: execution && moneyOf(execution.spread, cash),
    toleranceBps: order.toleranceBps,
    payment,
    reprice,
    withdrawableAfter: order.heldUntil,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    deadlineAt: order.deadlineAt,
    ...(history && {
      history: history.map(({ version, event, state, reason, at }) => ({ version, event, state, reason, at })),
    }),
  };
}
