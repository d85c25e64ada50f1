/** The desk and the feed on a real exchange, which is killed while orders are under way. */
import { cpSync, renameSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { engineCommands } from '@core/contracts';
import { type CommandEffects } from '@core/venue-view';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@base/observability';
import { BTC_USD } from '../testing/instruments.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';
import { LiveVenue } from './live-venue.js';
import { type ChangeOutcome, type PlaceOutcome } from './order-desk.js';
import { FakePrimary } from './testing/fake-primary.js';

let room: Room;
let alice: RoomTrader;
let bob: RoomTrader;

beforeAll(async () => {
  room = await openRoom();
  [alice, bob] = await Promise.all([room.trader(), room.trader()]);
});
afterAll(() => room.close());

function accepted(outcome: PlaceOutcome): Extract<PlaceOutcome, { kind: 'accepted' }> {
  if (outcome.kind !== 'accepted') throw new Error(`it was not accepted: ${outcome.kind}`);
  return outcome;
}

describe('an order', () => {
  test('is answered with what its first pass came to, and is found by every name it has', async () => {
    const told: CommandEffects[] = [];
    const stop = room.venue.feed.listen((effects) => told.push(effects));
    const { order, reports } = accepted(await room.place(alice, { clientText: 'first order' }));
    stop();
    // The name is a command of its own, which changes nothing that anybody is told of.
    expect(told.map((effects) => effects.reports.length)).toEqual([1]);
    expect(reports.map(({ kind }) => kind)).toEqual(['accepted']);
    expect(order).toMatchObject({ status: 'open', clientText: 'first order', open: 1_000_000n, shown: 1_000_000n });
    const { feed } = room.venue;
    expect(feed.order(order.orderId)).toEqual(order);
    expect(feed.orderByClientText(alice.account, 'first order')).toEqual(order);
    expect(feed.openOrders(alice.account)).toEqual([order]);
    expect(feed.levels(0).bids).toEqual([
      { instrument: 0, side: 'buy', price: 300_000, quantity: 1_000_000n, count: 1 },
    ]);
  });

  test('trades at the price that is there, and both sides and the public are told of the same trade', async () => {
    const told: CommandEffects[] = [];
    const stop = room.venue.feed.listen((effects) => told.push({ ...effects, reports: [...effects.reports] }));
    const resting = room.venue.feed.openOrders(alice.account)[0];
    const { order, reports } = accepted(await room.place(bob, { side: 'sell', price: 290_000, quantity: 400_000n }));
    stop();
    expect(order).toMatchObject({ status: 'filled', lastPrice: 300_000, filled: 400_000n, open: 0n });
    expect(reports.map(({ kind }) => kind)).toEqual(['accepted', 'trade']);
    const [effects] = told.filter(({ trades }) => trades.length > 0);
    expect(effects?.reports.map(({ kind, account }) => [kind, account])).toEqual([
      ['accepted', bob.account],
      ['trade', alice.account],
      ['trade', bob.account],
    ]);
    const { tradeId } = effects?.trades[0] ?? {};
    const fills = [...room.venue.feed.recentFills(alice.account), ...room.venue.feed.recentFills(bob.account)];
    expect(fills.map((fill) => fill.tradeId)).toEqual([tradeId, tradeId]);
    expect(room.venue.feed.order(resting?.orderId ?? 0n)).toMatchObject({ filled: 400_000n, open: 600_000n });
    expect(room.venue.feed.ticker(0)).toMatchObject({ lastPrice: 300_000, volume24h: 400_000n });
  });

  test('is refused in the words of the engine, with its terms, and leaves nothing behind', async () => {
    const before = room.venue.feed.balances(alice.account);
    const tooDear = await room.place(alice, { quantity: 100_000_000_000n });
    expect(tooDear).toMatchObject({ kind: 'rejected', reason: 'insufficient_funds' });
    expect(tooDear).toMatchObject({
      order: { status: 'rejected', side: 'buy', quantity: 100_000_000_000n, price: 300_000 },
    });
    const duplicate = await room.place(alice, { clientText: 'first order' });
    expect(duplicate).toMatchObject({ kind: 'rejected', reason: 'duplicate_client_order_id' });
    expect(room.venue.feed.balances(alice.account)).toEqual(before);
    expect(room.venue.feed.orderByClientText(alice.account, 'first order')).toMatchObject({ status: 'open' });
  });

  test('is replaced and cancelled by its owner alone, by id or by name', async () => {
    const { desk, feed } = room.venue;
    const { order } = accepted(await room.place(alice, { clientText: 'to be changed', price: 200_000 }));
    const { account } = alice;
    const { orderId } = order;
    const stranger = { account: bob.account, orderId, quantity: 1n, quantityMeans: 'open', price: 200_000 } as const;
    expect(await desk.replace(stranger)).toEqual({ kind: 'rejected', reason: 'unknown_order' });
    expect(await desk.cancel({ account: bob.account, by: { orderId } })).toEqual({
      kind: 'rejected',
      reason: 'unknown_order',
    });
    const replaced = await desk.replace({
      account,
      orderId,
      quantity: 500_000n,
      quantityMeans: 'open',
      price: 210_000,
    });
    expect(replaced).toMatchObject({ kind: 'done', order: { orderId, price: 210_000, open: 500_000n } });
    const cancelled = await desk.cancel({ account, by: { clientText: 'to be changed' } });
    expect(cancelled).toMatchObject({
      kind: 'done',
      order: { status: 'cancelled', reason: 'requested', left: 500_000n },
    });
    expect(await desk.cancel({ account, by: { orderId } })).toEqual({ kind: 'rejected', reason: 'unknown_order' });
    expect([...feed.recentOrders(account)][0]).toMatchObject({ orderId, status: 'cancelled' });
  });

  test('goes with all others of its account, and with nobody else’s', async () => {
    accepted(await room.place(alice, { price: 100_000 }));
    const { order } = accepted(await room.place(bob, { price: 100_000 }));
    const open = room.venue.feed.openOrders(alice.account).length;
    const outcome = await room.venue.desk.cancelAll({ account: alice.account });
    expect(outcome).toMatchObject({ kind: 'done', orders: { length: open } });
    expect(room.venue.feed.openOrders(alice.account)).toEqual([]);
    expect(room.venue.feed.order(order.orderId)).toMatchObject({ status: 'open' });
    expect(room.venue.feed.balances(alice.account).map(({ held }) => held)).toEqual(
      room.venue.feed.balances(alice.account).map(() => 0n),
    );
  });

  test('of a session is cancelled when the session is closed', async () => {
    const { desk, feed } = room.venue;
    const session = await desk.openSession();
    const { order } = accepted(await room.place(alice, { session }));
    desk.closeSession(session);
    await room.until(() => feed.order(order.orderId)?.status === 'cancelled');
    expect(feed.order(order.orderId)).toMatchObject({ reason: 'disconnect' });
  });
});

describe('two gateways', () => {
  test('show the same, though one began later from the database', async () => {
    accepted(await room.place(bob, { price: 250_000, quantity: 10_000_000n, displayQuantity: 1_000_000n }));
    const other = await room.anotherGateway();
    accepted(await room.place(alice, { side: 'sell', price: 250_000, quantity: 1_500_000n }));
    await room.until(() => other.feed.position.sequence >= room.venue.feed.position.sequence);
    const shown = ({ feed }: Room['venue']) => ({
      instruments: feed.instruments(),
      books: feed.bookOrders(0),
      levels: feed.levels(0),
      bars: [...feed.bars(0)],
      traders: [alice, bob].map(({ account }) => ({
        open: feed.openOrders(account),
        balances: feed.balances(account),
      })),
      rates: feed.feeRates(alice.account, 0),
    });
    expect(shown(other)).toEqual(shown(room.venue));
    await other.close();
  });
});

describe('an exchange that is killed', () => {
  test('loses no order that was acknowledged; what had no answer is found by its name, or is not there; nobody is told twice or misses anything', async () => {
    const { feed, desk } = room.venue;
    const told: bigint[] = [];
    let rebuilt = 0;
    feed.listen(({ sequence }) => void told.push(sequence));
    feed.onRebuilt(() => (rebuilt += 1));
    const outcomes = new Map<string, PlaceOutcome>();
    let isOver = false;
    const load = async (): Promise<void> => {
      for (let k = 0; !isOver && k < 30_000; k += 1) {
        const clientText = `load ${k}`;
        const placing = room.place(k % 2 === 0 ? alice : bob, {
          clientText,
          price: 100_000 + (k % 50),
          quantity: 100_000n,
        });
        void placing.then((outcome) => outcomes.set(clientText, outcome));
        if (k % 20 === 19) await Promise.all([placing, sleep(2)]);
      }
    };
    const session = await desk.openSession();
    const bound = accepted(await room.place(alice, { session, price: 90_000 }));
    const loading = load();
    await room.until(() => outcomes.size > 300);
    await room.bench.exchange.kill();
    await room.until(() => !feed.isConnected);
    isOver = true;
    await loading;
    expect(await room.place(alice)).toEqual({ kind: 'refused', reason: 'venue_unavailable' });
    await room.bench.exchange.start();
    await room.until(() => feed.isConnected);
    const { order: last } = accepted(await room.place(alice, { price: 95_000 }));
    await room.until(() => feed.position.sequence >= last.sequence);

    for (const [clientText, outcome] of outcomes) {
      const account = Number(clientText.slice(5)) % 2 === 0 ? alice.account : bob.account;
      const order = feed.orderByClientText(account, clientText);
      if (outcome.kind === 'accepted') expect(order).toMatchObject({ orderId: outcome.order.orderId, status: 'open' });
      else if (outcome.kind === 'unknown') expect(order?.status ?? 'open').toBe('open');
      else expect({ clientText, outcome, order }).toMatchObject({ outcome: { kind: 'refused' }, order: undefined });
    }
    expect([...outcomes.values()].filter(({ kind }) => kind === 'accepted').length).toBeGreaterThan(300);
    expect(told).toEqual([...new Set(told)].sort((a, b) => Number(a - b)));
    expect(told.length).toBeGreaterThanOrEqual([...outcomes.values()].filter(({ kind }) => kind === 'accepted').length);
    expect(rebuilt).toBe(0);
    expect(feed.order(bound.order.orderId)).toMatchObject({ status: 'cancelled', reason: 'disconnect' });

    // What a gateway begins with that was not there is the same.
    const other = await room.anotherGateway();
    await room.until(() => other.feed.position.sequence >= feed.position.sequence);
    for (const { account } of [alice, bob]) {
      expect(other.feed.openOrders(account)).toEqual(feed.openOrders(account));
      expect(other.feed.balances(account)).toEqual(feed.balances(account));
    }
  });
});

describe('an exchange that comes back with another history, as a standby does that lacked the end of it', () => {
  test('is believed: the view is made anew, what never happened is gone, and listeners are told to look again', async () => {
    const { feed } = room.venue;
    const { exchange } = room.bench;
    const { order: kept } = accepted(await room.place(alice, { price: 80_000 }));
    await room.bench.settledUpTo(Number(kept.sequence));
    await room.bench.stopSettlers();
    await exchange.kill();
    const journal = join(exchange.folder, 'journal');
    cpSync(journal, `${journal}-before`, { recursive: true });
    await exchange.start();
    await room.until(() => feed.isConnected);
    const { order: lost } = accepted(await room.place(alice, { price: 81_000, clientText: 'never happened' }));

    await exchange.kill();
    rmSync(journal, { recursive: true });
    renameSync(`${journal}-before`, journal);
    let rebuilt = 0;
    feed.onRebuilt(() => (rebuilt += 1));
    room.hideExchange();
    await exchange.start();
    // As many commands as there were, so that numbers alone do not give it away.
    await exchange.do(
      'operator',
      Array.from({ length: 8 }, () => ({ kind: 'audit' }) as const),
    );
    room.showExchange();
    await room.until(() => feed.isConnected && rebuilt > 0);
    expect(feed.order(lost.orderId)).toBeUndefined();
    expect(feed.orderByClientText(alice.account, 'never happened')).toBeUndefined();
    expect(feed.order(kept.orderId)).toMatchObject({ status: 'open', price: 80_000 });
    expect(await room.place(alice, { price: 82_000, clientText: 'never happened' })).toMatchObject({
      kind: 'accepted',
    });
    expect(rebuilt).toBe(1);
  });
});

describe('commands that had their numbers when the primary went', () => {
  let primary: FakePrimary;
  let venue: LiveVenue;

  beforeEach(async () => {
    primary = new FakePrimary();
    await primary.open();
    const position = { sequence: 5n, index: 0 };
    const nothing = { fees: [], accounts: [], balances: [], orders: [], lastTrades: [], bars: [], clientNames: [], arriving: null, isKillSwitchEngaged: false }; // prettier-ignore
    const snapshot = { position, assets: [BTC_USD.base, BTC_USD.quote], instruments: [BTC_USD], ...nothing };
    const logger = createLogger('live-venue-spec', 'silent');
    primary.nextSequence = 6;
    venue = await LiveVenue.connect({ addresses: [primary.address], key: primary.key, readSnapshot: () => Promise.resolve(snapshot), logger, retryMs: 5 }); // prettier-ignore
  });
  afterEach(async () => {
    await venue.close();
    await primary.close();
  });

  const order = { account: 17, instrument: 1, clientText: '00000000000000c1', side: 'buy', type: 'limit', timeInForce: 'gtc', quantity: 1n, price: 300_000 } as const; // prettier-ignore
  /** Commands 6 and 7 of the venue; their events were not told. */
  const entered = async (): Promise<{ placing: Promise<PlaceOutcome>; cancelling: Promise<ChangeOutcome> }> => {
    const placing = venue.desk.place(order);
    const cancelling = venue.desk.cancel({ account: 17, by: { orderId: 40n } });
    await room.until(() => primary.commands.length === 2);
    primary.say({ kind: 'sequenced', command: 1n, first: 6n, count: 2 });
    primary.say({ kind: 'heartbeat', released: 5n });
    await sleep(5);
    primary.breakOff();
    await room.until(() => primary.welcomed === 2 && venue.feed.isConnected);
    return { placing, cancelling };
  };
  const refusal = (sequence: bigint, account: number, kind: 'place' | 'cancel') => ({ kind: 'order-rejected', origin: 0, sequence, time: 1n, session: 0, account, instrument: 1, command: engineCommands.messages[kind].code, reason: 'unknown_order', orderId: 40n, clientOrderId: 0n }) as const; // prettier-ignore
  const told = async (account: number): Promise<void> => {
    primary.tell(refusal(6n, account, 'place'));
    primary.tell(refusal(7n, account, 'cancel'));
    primary.say({ kind: 'heartbeat', released: 7n });
    await room.until(() => venue.feed.position.sequence === 7n);
  };

  test('go out in one piece, whoever of a turn of the event loop sent them', async () => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const write = jest.spyOn(Socket.prototype, 'write');
    void venue.desk.place(order);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await Promise.resolve();
    void venue.desk.cancel({ account: 17, by: { orderId: 40n } });
    await room.until(() => primary.commands.length === 2);
    const pieces = write.mock.calls.filter(([piece]) => ArrayBuffer.isView(piece) && engineCommands.fault(new DataView(piece.buffer, piece.byteOffset), 0, piece.byteLength) === null); // prettier-ignore
    expect(pieces).toHaveLength(1);
    write.mockRestore();
  });

  test('are answered when it comes back, in one term', async () => {
    const { placing, cancelling } = await entered();
    await told(17);
    expect(await placing).toMatchObject({ kind: 'rejected', reason: 'unknown_order', order: { price: 300_000 } });
    expect(await cancelling).toEqual({ kind: 'rejected', reason: 'unknown_order' });
  });

  test('are of an unknown outcome when another takes its place, which may have other commands under those numbers', async () => {
    primary.term = 2;
    const { placing, cancelling } = await entered();
    await told(17);
    expect([await placing, await cancelling]).toEqual([{ kind: 'unknown' }, { kind: 'unknown' }]);
  });

  test('are of an unknown outcome when what is told under their numbers is another account’s', async () => {
    const { placing, cancelling } = await entered();
    await told(18);
    expect([await placing, await cancelling]).toEqual([{ kind: 'unknown' }, { kind: 'unknown' }]);
  });
});
