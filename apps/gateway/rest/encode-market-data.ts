/** Market data as JSON text. Numbers are written from the engine's integers, digit by digit: none passes through a double. */
import { formatPrice, formatQuantity, type BookOrderChange, type LevelChange, type ViewedInstrument } from '@core/venue-view'; // prettier-ignore
import { type VenueFeed } from '../desk/venue-feed.js';
import { symbolStatus } from '../socket/encode-market-data.js';

export const encodeSymbols = (instruments: readonly ViewedInstrument[]): string =>
  `{${instruments.map((instrument) => `"${instrument.symbol}":${symbolStatus(instrument)}`).join(',')}}`;

export function encodeTicker(feed: VenueFeed, instrument: ViewedInstrument): string {
  const { price24h, volume24h, lastPrice } = feed.ticker(instrument.number);
  return (
    `{"symbol":"${instrument.symbol}","price_24h":${formatPrice(instrument, price24h)},` +
    `"volume_24h":${formatQuantity(instrument, volume24h)},"last_trade_price":${formatPrice(instrument, lastPrice)}}`
  );
}

/** By level; `num` is how many orders stand at it. */
export function encodeLevels(feed: VenueFeed, instrument: ViewedInstrument, depth: number): string {
  const { bids, asks } = feed.levels(instrument.number, depth);
  const level = ({ price, quantity, count }: LevelChange): string => encodeRow(instrument, price, quantity, count);
  return encodeBook(instrument, bids.map(level), asks.map(level));
}

/** By order; `num` is the order's id. */
export function encodeOrders(feed: VenueFeed, instrument: ViewedInstrument, depth: number): string {
  const { bids, asks } = feed.bookOrders(instrument.number, depth);
  const order = (it: BookOrderChange): string => encodeRow(instrument, it.price, it.quantity, it.orderId);
  return encodeBook(instrument, bids.map(order), asks.map(order));
}

const encodeRow = (instrument: ViewedInstrument, price: number, quantity: bigint, num: number | bigint): string =>
  `{"px":${formatPrice(instrument, price)},"qty":${formatQuantity(instrument, quantity)},"num":${num}}`;

const encodeBook = ({ symbol }: ViewedInstrument, bids: readonly string[], asks: readonly string[]): string =>
  `{"symbol":"${symbol}","bids":[${bids.join(',')}],"asks":[${asks.join(',')}]}`;
