/**
 * The public channels' messages (exchange-api.md §3.2), as `,"event":…` without the closing brace (`SharedMessage`). Written by hand, so that prices and
 * quantities are the venue's own digits and never a double.
 */
import { formatPrice, formatQuantity, priceStep, quantityStep, type BookOrderChange, type LevelChange, type PublicTrade, type ViewedInstrument } from '@core/venue-view'; // prettier-ignore
import { type Ticker } from '../desk/venue-feed.js';
import { type Candle } from './candles.js';
import { isoTime } from './iso-time.js';

export type Occasion = 'snapshot' | 'updated';

const of = (occasion: Occasion, channel: string, instrument: ViewedInstrument): string =>
  `,"event":"${occasion}","channel":"${channel}","symbol":"${instrument.symbol}"`;

/** Both sides, arrays even when empty; a level that is gone has `qty` and `num` 0. `time` in microseconds. */
export function l2Body(
  occasion: Occasion,
  instrument: ViewedInstrument,
  levels: readonly LevelChange[],
  time: bigint,
): string {
  let bids = '';
  let asks = '';
  for (const { side, price, quantity, count } of levels) {
    const row = `{"num":${count},"px":${formatPrice(instrument, price)},"qty":${formatQuantity(instrument, quantity)}}`;
    if (side === 'buy') bids = bids === '' ? row : `${bids},${row}`;
    else asks = asks === '' ? row : `${asks},${row}`;
  }
  return `${of(occasion, 'l2', instrument)},"bids":[${bids}],"asks":[${asks}],"timestamp":"${isoTime(time)}"`;
}

/** `num` is the order's id as a number: ccxt drops rows without it. */
export function l3Body(
  occasion: Occasion,
  instrument: ViewedInstrument,
  orders: readonly BookOrderChange[],
  time: bigint,
): string {
  let bids = '';
  let asks = '';
  for (const { side, orderId, price, quantity } of orders) {
    const row = `{"id":"${orderId}","num":${orderId},"px":${formatPrice(instrument, price)},"qty":${formatQuantity(instrument, quantity)}}`;
    if (side === 'buy') bids = bids === '' ? row : `${bids},${row}`;
    else asks = asks === '' ? row : `${asks},${row}`;
  }
  return `${of(occasion, 'l3', instrument)},"bids":[${bids}],"asks":[${asks}],"timestamp":"${isoTime(time)}"`;
}

export function tradeBody(instrument: ViewedInstrument, trade: PublicTrade): string {
  return (
    `${of('updated', 'trades', instrument)},"timestamp":"${isoTime(trade.time)}","side":"${trade.side}",` +
    `"qty":${formatQuantity(instrument, trade.quantity)},"price":${formatPrice(instrument, trade.price)},"trade_id":"${trade.tradeId}"`
  );
}

/** ccxt takes `last` from `mark_price` on updates; an instrument without a mark price has its last trade's there. */
export function tickerBody(occasion: Occasion, instrument: ViewedInstrument, ticker: Ticker): string {
  const price = (ticks: number): string => formatPrice(instrument, ticks);
  return (
    `${of(occasion, 'ticker', instrument)},"price_24h":${price(ticker.price24h)},"volume_24h":${formatQuantity(instrument, ticker.volume24h)},` +
    `"last_trade_price":${price(ticker.lastPrice)},"mark_price":${price(ticker.markPrice === 0 ? ticker.lastPrice : ticker.markPrice)}`
  );
}

export function candleBody(instrument: ViewedInstrument, { startMs, open, high, low, close, volume }: Candle): string {
  const prices = [open, high, low, close].map((ticks) => formatPrice(instrument, ticks)).join(',');
  return `${of('updated', 'prices', instrument)},"price":[${startMs},${prices},${formatQuantity(instrument, volume)}]`;
}

/** `venue` is an addition of ours: while it is `away`, the gateway shows what it knew last. */
export const heartbeatBody = (time: bigint, isConnected: boolean): string =>
  `,"event":"updated","channel":"heartbeat","timestamp":"${isoTime(time)}","venue":"${isConnected ? 'connected' : 'away'}"`;

/** The documented words for a client; anything but `open` reads as inactive. */
export const STATUS = {
  open: 'open',
  closed: 'close',
  'pre-open': 'suspend',
  halted: 'halt',
  'cancel-only': 'halt-freeze',
} as const;

/** SymbolStatus of exchange-api.md §2.2. */
export function symbolStatus(instrument: ViewedInstrument): string {
  const price = priceStep(instrument);
  const quantity = quantityStep(instrument);
  const size = (lots: bigint): bigint => lots * quantity.increment;
  const { base, quote, auctionTime } = instrument;
  return (
    `{"base_currency":"${base.code}","base_currency_scale":${base.scale},"counter_currency":"${quote.code}","counter_currency_scale":${quote.scale},` +
    `"min_price_increment":${price.increment},"min_price_increment_scale":${price.scale},` +
    `"min_order_size":${size(instrument.minimumQuantity)},"min_order_size_scale":${quantity.scale},` +
    `"max_order_size":${size(instrument.maximumQuantity)},"max_order_size_scale":${quantity.scale},` +
    `"lot_size":${quantity.increment},"lot_size_scale":${quantity.scale},"status":"${STATUS[instrument.state]}","id":${instrument.number},` +
    `"auction_price":${formatPrice(instrument, instrument.auctionPrice)},"auction_size":${formatQuantity(instrument, instrument.auctionQuantity)},` +
    `"auction_time":"${auctionTime === 0n ? '' : isoTime(auctionTime)}","imbalance":0}`
  );
}

export function symbolsSnapshotBody(instruments: readonly ViewedInstrument[]): string {
  const symbols = instruments.map((instrument) => `"${instrument.symbol}":${symbolStatus(instrument)}`).join(',');
  return `,"event":"snapshot","channel":"symbols","symbols":{${symbols}}`;
}

/** The documents spell the auction's keys with hyphens here, and with underscores in the snapshot: both are sent. */
export function symbolUpdateBody(instrument: ViewedInstrument): string {
  const status = symbolStatus(instrument);
  const time = instrument.auctionTime === 0n ? '' : isoTime(instrument.auctionTime);
  const hyphenated =
    `"auction-price":${formatPrice(instrument, instrument.auctionPrice)},` +
    `"auction-size":${formatQuantity(instrument, instrument.auctionQuantity)},"auction-time":"${time}"`;
  return `${of('updated', 'symbols', instrument)},${hyphenated},${status.slice(1, -1)}`;
}
