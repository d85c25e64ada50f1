/** Price-time priority on a book of a hundred thousand orders, through a storm of replaces, at both ends of the ladder. */
import { beforeEach, expect, test } from '@jest/globals';
import { engineCommands, engineEvents, type EngineCommandDraft } from '@core/contracts';
import { apply, bookDepth, commandBuffer, eventBuffer, openOrders, reset, unsoundness } from './index.js';
import { SeededDice } from './testing/index.js';

const MAX_PRICE = (1 << 25) - 2;
const RESTING = 100_000;
const STORM = 50_000;
const [MAKER, TAKER] = [16, 17];

const view = new DataView(commandBuffer.buffer);
const events = new DataView(eventBuffer.buffer);
const { 'order-accepted': accepted, 'order-replaced': replaced, trade } = engineEvents.messages;

/** Where an order stands, as the rules say: its price, and since when. */
interface Place {
  price: number;
  since: number;
  readonly quantity: bigint;
}

let sequence = 0n;
let since = 0;
let places: Map<bigint, Place>;
/** Makers in the order in which they traded. */
let traded: { maker: bigint; price: number }[];

function send(draft: EngineCommandDraft): void {
  sequence += 1n;
  const length = engineCommands.encode({ ...draft, sequence, time: sequence }, view);
  apply(0, length, (bytes) => {
    for (let at = 0; at < bytes; at += events.getUint16(at, true)) note(at);
  });
}

function note(at: number): void {
  const code = events.getUint8(at + 2);
  if (code === accepted.code) {
    since += 1;
    const id = events.getBigUint64(at + accepted.at.orderId, true);
    places.set(id, { price: events.getInt32(at + accepted.at.price, true), since, quantity: events.getBigInt64(at + accepted.at.quantity, true) }); // prettier-ignore
  } else if (code === replaced.code) {
    const place = places.get(events.getBigUint64(at + replaced.at.orderId, true));
    if (place === undefined) throw new Error('a replaced order that was never accepted');
    place.price = events.getInt32(at + replaced.at.price, true);
    since += 1;
    if (events.getUint8(at + replaced.at.queuePlace) === 0) place.since = since;
  } else if (code === trade.code) {
    traded.push({ maker: events.getBigUint64(at + trade.at.makerOrderId, true), price: events.getInt32(at + trade.at.price, true) }); // prettier-ignore
  }
}

const order = (side: 'buy' | 'sell', price: number, quantity: bigint, account = MAKER): EngineCommandDraft => ({
  ...{ kind: 'place', instrument: 0, account, clientOrderId: 0n, quantity, price, side, type: 'limit' },
  ...{ timeInForce: account === TAKER ? 'ioc' : 'gtc', selfTrade: 'allow', instructions: 0, triggerPrice: 0 },
});

beforeEach(() => {
  reset();
  sequence = 0n;
  since = 0;
  places = new Map();
  traded = [];
  for (const account of [MAKER, TAKER]) {
    for (const asset of [0, 1]) {
      send({
        kind: 'credit',
        account,
        asset,
        amount: 1n << 60n,
        transferHigh: BigInt(account),
        transferLow: BigInt(asset),
      });
    }
  }
  send({
    ...{ kind: 'list-instrument', instrument: 0, base: 1, quote: 0, lotUnits: 1n, tickValue: 1n, tickValueScale: 1n },
    ...{ minimumQuantity: 1n, maximumQuantity: 1n << 30n, maximumPrice: MAX_PRICE, settlement: 'spot', symbol: 'DEEP' },
    ...{ initialMarginPpm: 0, maintenanceMarginPpm: 0 },
  });
  send({ kind: 'set-state', instrument: 0, state: 'open' });
});

test.each([
  { side: 'sell' as const, what: 'asks up to the highest tick', priceOf: (n: number) => MAX_PRICE - n },
  { side: 'buy' as const, what: 'bids down to the lowest tick', priceOf: (n: number) => 1 + n },
])('A15: a sweep meets $what by price and then by time, after a storm of replaces', ({ side, priceOf }) => {
  const dice = new SeededDice(15);
  // Far apart as well as close together, so that levels, pages and directories come and go.
  const anyPrice = (): number => priceOf(dice.below(40) === 0 ? dice.below(MAX_PRICE) : dice.below(2_000));
  for (let k = 0; k < RESTING; k += 1) send(order(side, anyPrice(), BigInt(1 + dice.below(9))));
  const ids = [...places.keys()];
  for (let k = 0; k < STORM; k += 1) {
    const orderId = ids[dice.below(ids.length)]!;
    const { price, quantity } = places.get(orderId)!;
    const staysThere = dice.below(4) === 0;
    send({ kind: 'replace', account: MAKER, orderId, price: staysThere ? price : anyPrice(), quantity, quantityMeans: 'open', postOnly: 'kept' }); // prettier-ignore
  }
  expect(openOrders()).toBe(RESTING);
  expect(unsoundness()).toBeNull();

  const better =
    side === 'sell' ? (a: Place, b: Place) => a.price - b.price : (a: Place, b: Place) => b.price - a.price;
  const due = [...places]
    .sort(([, a], [, b]) => better(a, b) || a.since - b.since)
    .map(([maker, { price }]) => ({ maker, price }));
  const [best] = bookDepth(0, side, 1);
  expect(best?.price).toBe(due[0]?.price);
  const all = [...places.values()].reduce((sum, { quantity }) => sum + quantity, 0n);
  send(order(side === 'sell' ? 'buy' : 'sell', side === 'sell' ? MAX_PRICE : 1, all, TAKER));
  const wrong = due.findIndex(({ maker, price }, k) => traded[k]?.maker !== maker || traded[k].price !== price);
  expect([wrong, traded.length]).toEqual([-1, RESTING]);
  expect(openOrders()).toBe(0);
});
