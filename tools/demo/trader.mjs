/** A customer as a trader: money to the exchange, orders by its REST API with a key of their own, money back, and the books against the fills. */
import { randomBytes } from 'node:crypto';
import { decimalOf, unitsOf } from './exact.mjs';
import { eventually } from './outside.mjs';
import { PatientClient } from './patient-client.mjs';
import { expectEqual } from './tour.mjs';

const IN = [
  ['USD', '900.00'],
  ['ETH', '0.50000000'],
  ['BTC', '0.01000000'],
];
/** Nobody quotes here, so what a client leaves stays until they take it back. */
const QUIET = 'ETH-BTC';
const BUSY = 'ETH-USD';
const BOUGHT = '0.2';
const SOLD = '0.05';
const STOPPED = '0.1';
/** Digits of the ledger, of the exchange's quantities and prices. */
const SCALES = { USD: 2, BTC: 8, ETH: 18 };
const QUANTITY = 8;
const PRICE = 8;

/** @param {import('./tour.mjs').Tour} tour */
export async function tradeOnExchange(tour) {
  const { id } = await tour.api.get('/v1/me');
  const before = await availableByAsset(tour);
  await moveMoney(tour, 'in', IN);
  const trader = { customer: id, exchange: await openKey(tour), orders: [] };
  await quoteAndCancel(tour, trader);
  await tradeWithMaker(tour, trader);
  await triggerStop(tour, trader);
  await statementEqualsFills(tour, trader);
  await takeEverythingOut(tour, trader, before);
}

/** Asks for each move and waits until the exchange has said that it is done. */
export async function moveMoney({ api, say }, direction, amounts) {
  for (const [asset, amount] of amounts) {
    const asked = await api.post('/v1/exchange/transfers', { direction, asset, amount });
    const done = await eventually(`transfer ${asked.id}`, async () => {
      const now = await api.get(`/v1/exchange/transfers/${asked.id}`);
      if (now.state === 'refused') throw new Error(`the exchange refused ${amount} ${asset}: ${now.reason}`);
      return now.state === 'settled' && now;
    });
    const what = direction === 'in' ? 'Moved to the exchange' : 'Moved back from the exchange';
    say(`${what}: ${amount} ${asset}`, { transfer: done.id });
  }
}

/** A key that may trade and not withdraw, made with the password given once more. */
export async function makeTradingKey({ api, values, customer }) {
  const creation = { label: 'demo trader', scopes: ['view', 'trade'], networks: ['127.0.0.1'], expiresInDays: 1 };
  const path = '/v1/api-keys';
  const confirmed = await api.post('/v1/step-up', { method: 'POST', path, body: creation, password: customer.password }); // prettier-ignore
  const inPerson = new PatientClient(`http://127.0.0.1:${values.API_PORT}`, {
    token: () => customer.token,
    headers: { 'x-step-up': confirmed.token },
  });
  return inPerson.post(path, creation);
}

async function openKey(tour) {
  const { values, say } = tour;
  const key = await makeTradingKey(tour);
  say('Made an API key that may trade', { key: key.id, scopes: key.scopes.join(', '), networks: key.networks.join(', ') }); // prettier-ignore
  return new PatientClient(
    `http://127.0.0.1:${values.GATEWAY_REST_PORT}${values.GATEWAY_REST_BASE ?? '/v3/exchange'}`,
    {
      headers: { 'x-api-token': key.secret },
    },
  );
}

/** Rests where nobody else is, and is taken back. */
async function quoteAndCancel(tour, trader) {
  const { exchange } = trader;
  const order = await place(trader, { ordType: 'LIMIT', symbol: QUIET, side: 'BUY', orderQty: '0.1', price: '0.04', execInst: 'ALO' }); // prettier-ignore
  expectEqual('the quote', order.ordStatus, 'OPEN');
  const level = await eventually('the quote in the book', async () => {
    const { bids } = await exchange.get(`/l2/${QUIET}`);
    return bids.find(({ px }) => px === 0.04);
  });
  tour.say(`Quoted on ${QUIET}, a book without anybody else`, {
    order: order.exOrdId,
    bid: `${level.qty} at ${level.px}`,
  });
  await exchange.call('DELETE', `/orders/${order.exOrdId}`, {});
  const ended = await endOf(trader, order);
  expectEqual('the cancelled quote', `${ended.ordStatus} ${ended.cumQty}`, 'CANCELED 0');
  tour.say('Cancelled the quote', { status: ended.ordStatus });
}

/** At the market, against whoever quotes. */
async function tradeWithMaker(tour, trader) {
  const quotes = await eventually('quotes of both sides', async () => {
    const book = await trader.exchange.get(`/l2/${BUSY}?depth=1`);
    return book.bids.length > 0 && book.asks.length > 0 && book;
  });
  tour.say(`${BUSY} has a market`, { bid: quotes.bids[0].px, ask: quotes.asks[0].px });
  for (const [side, orderQty] of [['BUY', BOUGHT], ['SELL', SOLD]]) {
    const done = await atMarket(trader, side, orderQty);
    tour.say(`${side === 'BUY' ? 'Bought' : 'Sold'} ${done.cumQty} at the market`, { order: done.exOrdId, price: done.avgPx }); // prettier-ignore
  }
} // prettier-ignore

/** Quotes are replaced all the time: an order that comes between two of them finds nobody, and is sent again. */
function atMarket(trader, side, orderQty) {
  return eventually(`${side} ${orderQty} at the market`, async () => {
    const done = await place(trader, { ordType: 'MARKET', symbol: BUSY, side, orderQty });
    if (Number(done.cumQty) > 0) expectEqual('what was filled', done.cumQty, Number(orderQty));
    return done.ordStatus === 'FILLED' && done;
  });
}

/** A stop just below the last price waits for a trade at or below it; a sale at the bid is one. */
async function triggerStop(tour, trader) {
  const { exchange } = trader;
  await atMarket(trader, 'BUY', SOLD);
  const { bids, asks } = await exchange.get(`/l2/${BUSY}?depth=1`);
  const stopPx = ((bids[0].px + asks[0].px) / 2).toFixed(2);
  const stop = await place(trader, { ordType: 'STOP', symbol: BUSY, side: 'SELL', orderQty: STOPPED, stopPx });
  tour.say(`Left a stop to sell ${STOPPED} at ${stopPx}`, { order: stop.exOrdId, status: stop.ordStatus });
  let sales = 0;
  const done = await eventually('the stop to trigger', async () => {
    const now = await exchange.get(`/orders/${stop.exOrdId}`);
    if (now.ordStatus !== 'OPEN') return now;
    if (sales < 3 && (await lastPrice(exchange)) > Number(stopPx)) {
      sales += 1;
      await atMarket(trader, 'SELL', '0.01');
    }
    return undefined;
  });
  expectEqual('the stop', `${done.ordStatus} ${done.cumQty}`, `FILLED ${Number(STOPPED)}`);
  tour.say('The stop was triggered by a trade and sold', { order: done.exOrdId, price: done.avgPx });
}

const lastPrice = async (exchange) => (await exchange.get(`/tickers/${BUSY}`)).last_trade_price;

/**
 * The ledger's statement of the exchange accounts against what the exchange says was filled, to the last cent and the last unit. An order pays its whole price rounded
 * up to a cent and receives it rounded down, whatever its fills were.
 */
async function statementEqualsFills(tour, { exchange, orders, customer }) {
  const fills = await exchange.get('/fills?limit=1000');
  for (const order of orders) {
    const filled = fills.filter(({ exOrdId }) => exOrdId === order.exOrdId);
    const { cumQty } = await exchange.get(`/orders/${order.exOrdId}`);
    expectEqual(`fills of order ${order.exOrdId}`, sum(filled.map(({ qty }) => unitsOf(qty, QUANTITY))), unitsOf(cumQty, QUANTITY)); // prettier-ignore
  }
  const booked = await eventually('every fill in the ledger', async () => {
    const lines = { USD: await tradesOf(tour, customer, 'USD'), ETH: await tradesOf(tour, customer, 'ETH') };
    return new Set(lines.USD.map(({ transferId }) => transferId)).size >= fills.length && lines;
  });
  const fees = sum(fills.map(({ fee }) => unitsOf(fee, SCALES.USD)));
  const paid = sum([...groupBy(fills, ({ exOrdId }) => exOrdId).values()].map(quoteOf));
  const delivered = sum(fills.map(({ side, qty }) => unitsOf(qty, SCALES.ETH) * (side === 'BUY' ? 1n : -1n)));
  const changes = (asset) => sum(booked[asset].map(({ change }) => unitsOf(change, SCALES[asset])));
  expectEqual('dollars of the trades', changes('USD'), paid - fees);
  expectEqual('ether of the trades', changes('ETH'), delivered);
  tour.say('The ledger’s statement equals the fills', {
    fills: fills.length,
    dollars: `${decimalOf(paid - fees, SCALES.USD)} USD, of which ${decimalOf(fees, SCALES.USD)} are fees`,
    ether: `${decimalOf(delivered, SCALES.ETH)} ETH`,
  });
}

/** Lines of trades in the statement of a customer's account on the exchange. */
async function tradesOf({ admin }, customer, asset) {
  const lines = [];
  const path = encodeURIComponent(`exchange_available:${asset}:${customer}`);
  for (let cursor = ''; ;) {
    const page = await admin.get(`/v1/ledger/accounts/${path}/statement?limit=100${cursor}`);
    lines.push(...page.lines.filter(({ kind }) => kind === 'venue.trade'));
    if (!page.next) return lines;
    cursor = `&cursor=${encodeURIComponent(page.next)}`;
  }
}

/** What an order's fills come to in cents, as the account sees it: rounded against it, once for the whole order. */
function quoteOf(fills) {
  const exact = sum(fills.map(({ price, qty }) => unitsOf(price, PRICE) * unitsOf(qty, QUANTITY)));
  const cent = 10n ** BigInt(PRICE + QUANTITY - SCALES.USD);
  return fills[0].side === 'BUY' ? -((exact + cent - 1n) / cent) : exact / cent;
}

async function takeEverythingOut(tour, { exchange, customer }, before) {
  const { primary } = await exchange.get('/accounts');
  const out = primary.flatMap(({ currency, balance, available }) => {
    expectEqual(`${currency} held by orders`, balance, available);
    return available > 0 ? [[currency, decimalOf(unitsOf(available, SCALES[currency]), SCALES[currency])]] : [];
  });
  await moveMoney(tour, 'out', out);
  const after = await availableByAsset(tour);
  for (const [asset, amount] of out) {
    const sent = unitsOf(IN.find(([of]) => of === asset)?.[1] ?? '0', SCALES[asset]);
    const expected = (before[asset] ?? 0n) - sent + unitsOf(amount, SCALES[asset]);
    expectEqual(`${asset} after the exchange`, after[asset], expected);
    const { balance } = await tour.admin.get(`/v1/ledger/accounts/${encodeURIComponent(`exchange_available:${asset}:${customer}`)}`); // prettier-ignore
    expectEqual(`${asset} left on the exchange`, Number(balance), 0);
  }
  tour.say('Everything is back in the account, and nothing is left on the exchange');
}

async function availableByAsset({ api }) {
  const { items } = await api.get('/v1/balances');
  return Object.fromEntries(items.map(({ asset, available }) => [asset, unitsOf(available, SCALES[asset] ?? 18)]));
}

/**
 * Enters an order. Repeated after a lost answer, the exchange says that it knows its name; then it is what is found under that name.
 * @returns {Promise<any>} the order after its first matching pass
 */
async function place({ exchange, orders }, order) {
  const clOrdId = randomBytes(8).toString('hex');
  let placed = await exchange.post('/orders', { clOrdId, ...order });
  if (placed.ordStatus === 'REJECTED') {
    const [known] = await exchange.get(`/orders?clOrdId=${clOrdId}`);
    if (known === undefined || known.ordStatus === 'REJECTED')
      throw new Error(`${order.ordType} ${order.side} ${order.orderQty} ${order.symbol} was rejected: ${placed.text}`);
    placed = known;
  }
  orders.push(placed);
  return placed;
}

function endOf({ exchange }, { exOrdId }) {
  return eventually(`the end of order ${exOrdId}`, async () => {
    const now = await exchange.get(`/orders/${exOrdId}`);
    return !['OPEN', 'PART_FILLED'].includes(now.ordStatus) && now;
  });
}

/** @param {readonly bigint[]} numbers */
const sum = (numbers) => numbers.reduce((total, each) => total + each, 0n);

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
