/** What happened at the exchange, from the one who knows: its journal, as an observer of the event stream gets it from the beginning. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../launcher/root.mjs';
import { withClient } from './books.mjs';

const ALL_WITHIN_MS = 120_000;
const EVENTS_PER_COMMAND = 65_536n;

const built = (path) => import(pathToFileURL(join(ROOT, 'dist/libs', path, 'index.js')).href);

/**
 * @typedef {object} VenueTruth
 * @property {bigint} sequence of the last command
 * @property {number} index of its last event
 * @property {string[]} events in the event log's words, in order
 * @property {Map<string, Map<string, import('./compare.mjs').Truth>>} orders by trader and name
 * @property {Map<string, { execId: string, isFill: boolean }[]>} reports by trader, in order
 * @property {string[]} trades of the traders' symbol, by id
 * @property {Map<string, bigint>} levels of its book, `bid 0.04` → lots
 */

/**
 * @param {import('./venue-stack.mjs').VenueStack} venue
 * @param {string} symbol
 * @returns {Promise<VenueTruth>}
 */
export async function readTruth({ stack, values }, symbol) {
  const { VenueView, formatPrice } = await built('core/venue-view');
  const { engineEventJson } = await built('platform/event-log');
  const assets = await withClient(stack.databaseUrl(), async (client) => (await client.query('SELECT number, code, scale FROM venue.asset ORDER BY number')).rows); // prettier-ignore
  /** @type {VenueTruth} */
  const truth = { sequence: 0n, index: 0, events: [], orders: new Map(), reports: new Map(), trades: [], levels: new Map() }; // prettier-ignore
  const none = { instruments: [], fees: [], accounts: [], balances: [], orders: [], lastTrades: [], bars: [], clientNames: [], arriving: null, isKillSwitchEngaged: false }; // prettier-ignore
  const instrument = () => view.instrument(symbol);
  const view = new VenueView({ position: { sequence: 0n, index: 0 }, assets, ...none }, { onEffects: (effects) => note(truth, effects, instrument()?.number) }); // prettier-ignore
  await eachEvent(values, (event) => {
    truth.events.push(engineEventJson(event));
    [truth.sequence, truth.index] = [event.sequence, event.origin];
    view.apply(event);
  });
  view.release(truth.sequence);
  const { bids, asks } = view.levels(instrument().number);
  for (const { side, price, quantity } of [...bids, ...asks])
    truth.levels.set(`${side === 'buy' ? 'bid' : 'ask'} ${formatPrice(instrument(), price)}`, quantity);
  return truth;
}

/** The trader is the name's beginning. */
function note(truth, { reports, trades }, instrument) {
  for (const { kind, order, executionId } of reports) {
    const id = order.clientText ?? '';
    const trader = id.slice(0, id.lastIndexOf('-'));
    if (kind === 'rejected' || trader === '') continue;
    if (!truth.orders.has(trader)) truth.orders.set(trader, new Map());
    if (!truth.reports.has(trader)) truth.reports.set(trader, []);
    const { orderId, filled, status } = order;
    truth.orders.get(trader)?.set(id, { orderId: String(orderId), filled, isOpen: status === 'open' });
    truth.reports.get(trader)?.push({ execId: executionId, isFill: kind === 'trade' });
  }
  for (const trade of trades) if (trade.instrument === instrument) truth.trades.push(String(trade.tradeId));
}

/** @returns {Promise<void>} when everything that the exchange had released at the beginning has been given */
async function eachEvent(values, take) {
  const { ExchangeLink } = await built('platform/venue-link');
  const { Secret } = await built('base/config');
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the exchange does not tell all its events')), ALL_WITHIN_MS);
    const options = {
      address: { path: values.EXCHANGE_SOCKET },
      keyName: 'observer',
      key: new Secret(values.EXCHANGE_OBSERVER_KEY),
      onEvent: take,
      onReleased: (sequence) => sequence >= last && end(resolve),
      onClosed: (why) => end(() => reject(new Error(`the link to the exchange ended: ${why}`))),
    };
    let last = Infinity;
    let link;
    const end = (settle) => {
      clearTimeout(timer);
      settle(undefined);
      link?.close();
    };
    ExchangeLink.connect(options).then((opened) => {
      link = opened;
      last = opened.welcome.nextSequence - 1;
      opened.subscribe(1);
    }, reject);
  });
}

/** @param {bigint} sequence @param {number} index */
export const placeOf = (sequence, index) => sequence * EVENTS_PER_COMMAND + BigInt(index);
