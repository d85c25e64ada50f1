import { type ViewedInstrument } from '@core/venue-view';
import { type VenueFeed } from '../desk/venue-feed.js';
import { symbolStatus } from '../socket/encode-market-data.js';
import { encodeLevels, encodeOrders, encodeSymbols, encodeTicker } from './encode-market-data.js';
import { invalid, notFound } from './rest-refusal.js';
import { type RestRequest, type RestRoute } from './rest-routes.js';

/** Levels or orders of each side; whoever needs the whole book follows it on the WebSocket. */
const DEPTH = 1_000;
const MOST_DEPTH = 5_000;

/** Public reads: all of memory. */
export function marketDataRoutes(feed: VenueFeed): RestRoute[] {
  const [levels, orders] = [oncePerCommand(feed, encodeLevels), oncePerCommand(feed, encodeOrders)];
  const named = ({ params }: RestRequest): ViewedInstrument => instrumentOf(feed, params['symbol'] ?? '');
  return [
    { method: 'GET', path: '/symbols', access: 'public', answer: () => encodeSymbols(spot(feed)) },
    { method: 'GET', path: '/symbols/:symbol', access: 'public', answer: (request) => symbolStatus(named(request)) },
    {
      method: 'GET',
      path: '/tickers',
      access: 'public',
      answer: () =>
        `[${spot(feed)
          .map((it) => encodeTicker(feed, it))
          .join(',')}]`,
    },
    {
      method: 'GET',
      path: '/tickers/:symbol',
      access: 'public',
      answer: (request) => encodeTicker(feed, named(request)),
    },
    {
      method: 'GET',
      path: '/l2/:symbol',
      access: 'public',
      answer: (request) => levels(named(request), depthOf(request)),
    },
    {
      method: 'GET',
      path: '/l3/:symbol',
      access: 'public',
      answer: (request) => orders(named(request), depthOf(request)),
    },
  ];
}

/** What cryptofeed asks for, at the host's root. */
export function encodeInstruments(feed: VenueFeed): string {
  const rows = spot(feed).map(({ symbol, state }) => `{"symbol":"${symbol}","status":"${state === 'open' ? 'open' : 'close'}"}`); // prettier-ignore
  return `[${rows.join(',')}]`;
}

/**
 * This wire's symbols are spot: it has no word for a contract, and a client that takes one for a spot pair of the same currencies would trade
 * something else than it means.
 */
export const spot = (feed: VenueFeed): ViewedInstrument[] =>
  feed.instruments().filter(({ settlement }) => settlement === 'spot');

/** @throws RestRefusal 404 */
export function instrumentOf(feed: VenueFeed, symbol: string): ViewedInstrument {
  const instrument = feed.instrument(symbol);
  if (instrument === undefined || instrument.settlement !== 'spot')
    throw notFound(`Unknown symbol ${printable(symbol)}`);
  return instrument;
}

/** What a client wrote, short enough to be told back. */
export const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 40);

type EncodeBook = (feed: VenueFeed, instrument: ViewedInstrument, depth: number) => string;

/** A book that is asked for again before it can have changed is not encoded again. Of other depths than the usual one it is. */
function oncePerCommand(feed: VenueFeed, encode: EncodeBook): (of: ViewedInstrument, depth: number) => string {
  const kept = new Map<number, { readonly sequence: bigint; readonly text: string }>();
  feed.onRebuilt(() => kept.clear());
  return (instrument, depth) => {
    if (depth !== DEPTH) return encode(feed, instrument, depth);
    const { sequence } = feed.position;
    const before = kept.get(instrument.number);
    if (before?.sequence === sequence) return before.text;
    const text = encode(feed, instrument, depth);
    kept.set(instrument.number, { sequence, text });
    return text;
  };
}

function depthOf({ query }: RestRequest): number {
  const text = query.text('depth');
  if (text === undefined) return DEPTH;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw invalid('depth must be a whole number above zero');
  return Math.min(Number(text), MOST_DEPTH);
}
