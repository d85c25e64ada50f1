import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '@base/clock';
import { Events } from '@base/events';
import { createLogger } from '@base/observability';
import { decodeText, encodeText, engineCommands, type EngineEvent, engineEvents } from '@core/contracts';
import {
  openingCommands,
  randomCommand,
  ReferenceExchange,
  SeededDice,
  ThrownDice,
  THROWS,
} from '@core/matching/testing';
import { type MinuteBar, type ViewedOpenOrder, VenueView, type VenueSnapshot } from '@core/venue-view';
import { createTestIdentity } from '@platform/identity/testing';
import { createTestLedger, type TestLedger } from '@platform/ledger/testing';
import { allotAccount } from './accounts.js';
import { readCheckpoint } from './checkpoint.js';
import { findFills, findOrder, findOrderByClientId, findOrders, findTradedOrders } from './find-orders.js';
import { SettleEvents } from './settle-events.js';
import { order } from './testing/index.js';
import { readVenueSnapshot } from './venue-snapshot.js';

const COMMANDS = Number(process.env['COMMANDS'] ?? 900);
const LOOKS = 4;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
/** One more than the random commands know: they now and then credit somebody whom they do not. */
const CUSTOMERS = 7;
const LONGEST_BATCH = 60;

const commandBytes = new DataView(new ArrayBuffer(engineCommands.longest));
const eventBytes = new DataView(new ArrayBuffer(engineEvents.longest));

let books: TestLedger;
let settle: SettleEvents;
const exchange = new ReferenceExchange();
/** All that it ever said, as a link would bring it. */
const told: EngineEvent[] = [];
let settled = 0;

beforeAll(async () => {
  books = await createTestLedger();
  const { app: database } = books.database;
  const identity = createTestIdentity(database, systemClock);
  for (let k = 0; k < CUSTOMERS; k += 1) {
    const id = await identity.signUp(`trader-${k}@example.com`);
    await database.transaction((tx) => allotAccount(tx, id, systemClock.now()));
  }
  const logger = createLogger('spec', 'silent');
  settle = new SettleEvents(books.ledger, new Events({ database, clock: systemClock, logger }), systemClock);
  for (const draft of openingCommands()) command(draft);
});
afterAll(() => books.close());

function command(draft: ReturnType<typeof randomCommand>): void {
  const header = { sequence: exchange.sequence + 1n, time: draft.time ?? exchange.now + 1n };
  engineCommands.encode({ ...draft, ...header }, commandBytes);
  for (const event of exchange.apply(engineCommands.decode(commandBytes))) {
    engineEvents.encode(event, eventBytes);
    told.push(engineEvents.decode(eventBytes));
  }
}

/** In batches that end anywhere, in the middle of a command too; then `look` may read what was settled. */
async function settleAll(batchLength: () => number, look?: () => Promise<void>): Promise<void> {
  const { app: database } = books.database;
  for (let after = await readCheckpoint(database); settled < told.length;) {
    const batch = told.slice(settled, settled + batchLength());
    const from = after;
    after = await database.transaction((tx) => settle.run(tx, batch, from));
    settled += batch.length;
    await look?.();
  }
}

/** What the exchange knows of an order that the stream tells too. */
const known = (order: ReferenceExchange['orders'][number]) => ({
  orderId: order.id,
  account: order.account,
  instrument: order.instrument.instrument,
  clientOrderId: order.clientOrderId,
  side: order.side,
  type: order.type,
  timeInForce: order.timeInForce,
  selfTrade: order.selfTrade,
  instructions: order.instructions,
  isLiquidation: order.liquidation,
  quantity: order.filled + order.open + order.hidden,
  open: order.open + order.hidden,
  filled: order.filled,
  left: 0n,
  price: order.price,
  /** The stream does not tell how a trailing stop's moves. */
  triggerPrice: order.type === 'trailing-stop' ? null : order.triggerPrice,
  isDormant: order.dormant,
  displayQuantity: order.display,
  shown: order.dormant ? 0n : order.open,
  expiresAt: order.expiresAt,
  makerPpm: order.makerPpm,
  takerPpm: order.takerPpm,
  notionalCarry: order.notionalCarry,
  feeCarry: order.feeCarry,
  status: 'open',
  reason: null,
});

const byNumber = (one: { orderId: bigint }, other: { orderId: bigint }): number => Number(one.orderId - other.orderId);

function compareOrders({ orders }: VenueSnapshot): void {
  const due = exchange.orders.map(known).sort(byNumber);
  const seen = [...orders].sort(byNumber).map((order) => {
    const told = { ...order, triggerPrice: order.type === 'trailing-stop' ? null : order.triggerPrice };
    return Object.fromEntries(Object.entries(told).filter(([field]) => field in (due[0] ?? {})));
  });
  expect(seen).toEqual(due);
}

/** Price first, then the order of the snapshot. */
function compareQueues({ orders, instruments }: VenueSnapshot): void {
  for (const { number } of instruments) {
    for (const side of ['buy', 'sell'] as const) {
      const better = (one: ViewedOpenOrder, other: ViewedOpenOrder): number =>
        side === 'buy' ? other.price - one.price : one.price - other.price;
      const queued = orders.filter((order) => order.instrument === number && order.side === side && !order.isDormant);
      const due = exchange.queue(exchange.instruments.get(number)!, side).map(({ id }) => id);
      expect([number, side, queued.sort(better).map(({ orderId }) => orderId)]).toEqual([number, side, due]);
    }
  }
}

function compareMarkets(snapshot: VenueSnapshot): void {
  const due = [...exchange.instruments.values()].sort((one, other) => one.instrument - other.instrument);
  const last = new Map(snapshot.lastTrades.map((trade) => [trade.instrument, trade]));
  expect(
    snapshot.instruments.map(({ number, state, referencePrice, markPrice }) => [number, state, referencePrice, markPrice, last.get(number)?.price ?? 0]), // prettier-ignore
  ).toEqual(due.map((i) => [i.instrument, i.state, i.referencePrice, i.markPrice, i.lastPrice]));
  expect(snapshot.isKillSwitchEngaged).toBe(exchange.killed);
}

function compareMoney(snapshot: VenueSnapshot): void {
  const seen = snapshot.balances.map(({ account, asset, total }) => [`${account}/${asset}`, total] as const);
  const due = [...exchange.cash].filter(([, total]) => total !== 0n);
  expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(due));
}

type Trade = Extract<EngineEvent, { kind: 'trade' }>;
const trades = (): Trade[] => told.filter((event) => event.kind === 'trade');

function compareBars({ bars }: VenueSnapshot): void {
  const due = new Map<string, MinuteBar>();
  for (const { instrument, time, price, quantity } of trades()) {
    const minute = Number(time / 60_000_000n);
    const key = `${String(minute).padStart(9, '0')}/${instrument}`;
    const { open, high, low, volume } = due.get(key) ?? { open: price, high: price, low: price, volume: 0n };
    due.set(key, {
      ...{ instrument, minute, open, close: price, volume: volume + quantity },
      ...{ high: Math.max(high, price), low: Math.min(low, price) },
    });
  }
  expect(bars).toEqual([...due].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, bar]) => bar));
}

test('what is taken off an iceberg without a trade is off the whole as it arrives, off what it shows as it rests, wherever a batch ends', async () => {
  const own = (given: Partial<Parameters<typeof order>[0]>) =>
    command(order({ account: 17, price: 40, selfTrade: 'decrement', quantity: 3n, ...given }));
  const iceberg = async () => {
    await settleAll(() => 1);
    const snapshot = await readVenueSnapshot(books.database.app);
    compareOrders(snapshot);
    const [{ open, shown, quantity } = {}] = snapshot.orders.filter(({ displayQuantity }) => displayQuantity > 0n);
    return { open, shown, quantity };
  };
  own({ side: 'sell' });
  own({ quantity: 10n, displayQuantity: 5n });
  expect(await iceberg()).toEqual({ open: 7n, shown: 5n, quantity: 7n });
  own({ side: 'sell', quantity: 2n, timeInForce: 'ioc' });
  expect(await iceberg()).toEqual({ open: 5n, shown: 3n, quantity: 5n });
  own({ side: 'sell', quantity: 3n, timeInForce: 'ioc' });
  expect(await iceberg()).toEqual({ open: 2n, shown: 2n, quantity: 2n });
});

/** In an order of its own, without what is only true in the middle of a command. */
function settledDown({ balances, orders, fees, accounts, lastTrades, bars, clientNames, ...snapshot }: VenueSnapshot) {
  const sorted = <T>(all: readonly T[], by: (one: T) => number | bigint): T[] =>
    [...all].sort((one, other) => Number(BigInt(by(one)) - BigInt(by(other))));
  return {
    ...snapshot,
    arriving: null,
    balances: sorted(
      balances.filter(({ total }) => total !== 0n),
      ({ account, asset }) => account * 128 + asset,
    ),
    orders: sorted(orders, ({ orderId }) => orderId),
    fees: sorted(fees, ({ instrument, tier }) => instrument * 16 + tier),
    accounts: sorted(accounts, ({ number }) => number),
    lastTrades: sorted(lastTrades, ({ instrument }) => instrument),
    bars: sorted(bars, ({ instrument, minute }) => minute * 256 + instrument),
    clientNames: sorted(clientNames, ({ account, clientOrderId }) => (BigInt(account) << 64n) + clientOrderId),
  };
}

/** A view that began with a snapshot and takes the events behind it. */
class Follower {
  readonly view: VenueView;
  #next: number;

  constructor(snapshot: VenueSnapshot) {
    this.view = new VenueView(snapshot);
    this.#next = settled;
  }

  catchUp(): VenueSnapshot {
    for (; this.#next < told.length; this.#next += 1) this.view.apply(told[this.#next]!);
    this.view.release(exchange.sequence);
    return this.view.snapshot();
  }
}

test('a snapshot at the checkpoint is what the engine knows at that command, and what whoever began at any event and followed has come to', async () => {
  const { app: database } = books.database;
  const dice = new SeededDice(SEED);
  const below = (limit: number): number => (dice.throws(1)[0] ?? 0) % limit;
  try {
    const first = new Follower(await readVenueSnapshot(database));
    for (let look = 0; look < LOOKS; look += 1) {
      for (let k = 0; k < COMMANDS / LOOKS; k += 1) {
        const draft = randomCommand(new ThrownDice(dice.throws(THROWS)), exchange);
        if (draft.kind === 'place' && draft.clientOrderId !== 0n && k % 3 === 0) {
          const { account, clientOrderId } = draft;
          command({ kind: 'name-client-order', account, clientOrderId, text: encodeText(`my order ${k}`) });
        }
        // The database knows instruments by their symbols, too.
        command(draft.kind === 'list-instrument' ? { ...draft, symbol: `I${draft.instrument}` } : draft);
      }
      const others: Follower[] = [];
      await settleAll(
        () => 1 + below(LONGEST_BATCH),
        async () => void (below(5) === 0 && others.push(new Follower(await readVenueSnapshot(database)))),
      );
      const snapshot = await readVenueSnapshot(database);
      expect(snapshot.position.sequence).toBe(exchange.sequence);
      compareMoney(snapshot);
      compareOrders(snapshot);
      compareQueues(snapshot);
      compareMarkets(snapshot);
      compareBars(snapshot);
      for (const follower of [first, ...others]) expect(settledDown(follower.catchUp())).toEqual(settledDown(snapshot));
    }
  } catch (error) {
    throw new Error(`seed ${SEED}`, { cause: error });
  }
});

describe('an account’s history, after all that', () => {
  const ofOrder = (kind: EngineEvent['kind'], id: bigint): EngineEvent[] =>
    told.filter((event) => event.kind === kind && 'orderId' in event && event.orderId === id);
  const accepted = () => told.filter((event) => event.kind === 'order-accepted');

  test('tells of every order how it ended and what was left of it', async () => {
    const { app: database } = books.database;
    const open = new Set(exchange.orders.map(({ id }) => id));
    for (let account = 16; account < 22; account += 1) {
      const mine = accepted()
        .filter((event) => event.account === account)
        .reverse();
      const endOf = (id: bigint): string => {
        if (open.has(id)) return 'OPEN';
        const [cancelled] = ofOrder('order-cancelled', id);
        if (cancelled?.kind === 'order-cancelled') return cancelled.reason === 'expired' ? 'EXPIRED' : 'CANCELED';
        const decremented = ofOrder('order-decremented', id).at(-1);
        return decremented?.kind === 'order-decremented' && decremented.open === 0n ? 'CANCELED' : 'FILLED';
      };
      for (const status of ['OPEN', 'FILLED', 'CANCELED', 'EXPIRED'] as const) {
        const found = await findOrders(database, { account, status, limit: 1_000 });
        const due = mine.filter(({ orderId }) => endOf(orderId) === status).map(({ orderId }) => orderId);
        expect([account, status, found.map(({ orderId }) => orderId)]).toEqual([account, status, due]);
        for (const order of found) {
          const [cancelled] = ofOrder('order-cancelled', order.orderId);
          if (cancelled?.kind === 'order-cancelled')
            expect(order).toMatchObject({
              left: cancelled.quantity,
              reason: cancelled.reason,
              updatedAt: cancelled.time,
            });
          if (order.status === 'open') expect(order.quantity).toBe(order.open + order.filled);
          else expect([order.orderId, order.quantity]).toEqual([order.orderId, order.filled + order.left]);
        }
      }
      const part = await findOrders(database, { account, status: 'PART_FILLED', limit: 1_000 });
      const open_ = await findOrders(database, { account, limit: 1_000 });
      expect(part).toEqual(open_.filter(({ filled }) => filled > 0n));
    }
    expect(await findOrders(database, { account: 16, status: 'REJECTED', limit: 10 })).toEqual([]);
  });

  test('is found by instrument, by time to the millisecond, and no more of it than was asked for', async () => {
    const { app: database } = books.database;
    const all = await findOrders(database, { account: 17, status: 'CANCELED', limit: 1_000 });
    const symbol = 'I1';
    expect(all.length).toBeGreaterThan(10);
    expect(await findOrders(database, { account: 17, status: 'CANCELED', symbol, limit: 1_000 })).toEqual(
      all.filter(({ instrument }) => instrument === 1),
    );
    expect(await findOrders(database, { account: 17, status: 'CANCELED', limit: 7 })).toEqual(all.slice(0, 7));
    const [from, to] = [all.at(-5)!, all[4]!].map(({ acceptedAt }) => Number(acceptedAt / 1_000n)) as [number, number];
    const within = ({ acceptedAt }: { acceptedAt: bigint }): boolean =>
      acceptedAt >= BigInt(from) * 1_000n && acceptedAt < BigInt(to + 1) * 1_000n;
    expect(await findOrders(database, { account: 17, status: 'CANCELED', from, to, limit: 1_000 })).toEqual(
      all.filter(within),
    );
  });

  test('has every side of every trade, with what it paid, and the orders that traded', async () => {
    const { app: database } = books.database;
    for (const account of [16, 17, 18]) {
      const due = trades()
        .reverse()
        .flatMap((trade) => {
          const id = trade.sequence * 65_536n + BigInt(trade.origin);
          const side = (isTaker: boolean) => ({
            tradeId: id,
            orderId: isTaker ? trade.takerOrderId : trade.makerOrderId,
            liquidity: isTaker ? 'taker' : 'maker',
            notional: (trade.takerSide === 'buy') === isTaker ? trade.buyerPays : trade.sellerReceives,
            fee: isTaker ? trade.takerFee : trade.makerFee,
            time: trade.time,
          });
          const taken = trade.takerAccount === account ? [side(true)] : [];
          return trade.makerAccount === account ? [...taken, side(false)] : taken;
        });
      const fills = await findFills(database, { account, limit: 1_000 });
      expect(fills).toMatchObject(due);
      expect(fills).toHaveLength(due.length);
      expect(await findFills(database, { account, instrument: 2, limit: 5 })).toEqual(
        fills.filter(({ instrument }) => instrument === 2).slice(0, 5),
      );
      const traded = await findTradedOrders(database, { account, limit: 20 });
      expect(traded.map(({ orderId }) => orderId)).toEqual(
        [...new Set(due.map(({ orderId }) => orderId))].slice(0, 20),
      );
      for (const order of traded) {
        const mine = fills.filter(({ orderId }) => orderId === order.orderId);
        expect(order).toMatchObject({
          filled: mine.reduce((sum, { quantity }) => sum + quantity, 0n),
          traded: mine.reduce((sum, { notional }) => sum + notional, 0n),
          fees: mine.reduce((sum, { fee }) => sum + fee, 0n),
          lastPrice: mine[0]?.price,
          lastQuantity: mine[0]?.quantity,
        });
      }
    }
  });

  test('calls an order what its client called it, and nobody else sees it', async () => {
    const { app: database } = books.database;
    const names = new Map<string, string>();
    let named = 0;
    for (const event of told) {
      const key = 'clientOrderId' in event ? `${event.account}/${event.clientOrderId}` : '';
      if (event.kind === 'client-order-named' && event.clientOrderId !== 0n) {
        if (event.text[0] !== 0) names.set(key, decodeText(event.text));
      } else if (event.kind === 'order-rejected' && event.command === engineCommands.messages.place.code)
        names.delete(key);
      else if (event.kind === 'order-accepted') {
        const { account, orderId, clientOrderId } = event;
        const text = names.get(key) ?? (clientOrderId === 0n ? null : clientOrderId.toString(16).padStart(16, '0'));
        const isNamed = names.delete(key);
        if (isNamed) named += 1;
        if (!isNamed && account !== 17) continue;
        expect((await findOrder(database, account, orderId))?.clientText).toBe(text);
        if (clientOrderId === 0n || text === null) continue;
        expect((await findOrderByClientId(database, account, clientOrderId))?.orderId).toBeGreaterThanOrEqual(orderId);
        expect(await findOrder(database, account + 1, orderId)).toBeUndefined();
      }
    }
    expect(named).toBeGreaterThan(0);
    const { clientNames } = await readVenueSnapshot(database);
    expect(clientNames.map(({ account, clientOrderId, text }) => [`${account}/${clientOrderId}`, text]).sort()).toEqual(
      [...names].sort(),
    );
  });
});

test('a second instrument of a symbol stops nobody, and is told apart by its number', async () => {
  const [first] = openingCommands().filter(({ kind }) => kind === 'list-instrument');
  if (first?.kind !== 'list-instrument') throw new Error('nothing is listed');
  command({ ...first, instrument: 7 });
  await settleAll(() => LONGEST_BATCH);
  const { instruments } = await readVenueSnapshot(books.database.app);
  expect(instruments.find(({ number }) => number === 7)).toMatchObject({
    symbol: `${first.symbol}#7`,
    state: 'closed',
  });
});
