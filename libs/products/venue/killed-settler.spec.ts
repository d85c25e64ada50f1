import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { Events } from '@base/events';
import { type EngineEvent } from '@core/contracts';
import { VenueView } from '@core/venue-view';
import { account, credit, debit } from '@platform/ledger';
import { readCheckpoint } from './checkpoint.js';
import { listFreezes } from './freezes.js';
import { SettleEvents } from './settle-events.js';
import { VenueBench } from './testing/index.js';
import { type ExchangeTransfer } from './transfer.js';
import { readVenueSnapshot } from './venue-snapshot.js';
import { anyMark, anyOrder, CONTRACT, contractListing, seeded } from './testing/random-trading.js';

const ROUNDS = process.env['TORTURE'] === '1' ? 200 : 2;
const ORDERS = 120;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const LIFE_MS = 250;
const ASSETS = ['USD', 'BTC', 'ETH'] as const;
const FUNDS = { USD: 50_000_000n, BTC: 2_000_000_000n, ETH: 90_000_000_000_000_000_007n };
const UNIT = { USD: 1n, BTC: 1n, ETH: 10_000_000_000n };
const HOUR_MS = 3_600_000;

let bench: VenueBench;
let customers: string[];
beforeAll(async () => {
  bench = await VenueBench.open();
  customers = [];
  for (let k = 0; k < 4; k += 1) customers.push(await bench.customer(FUNDS));
});
afterAll(() => bench.close());

/** Everything that the engine ever said. */
async function wholeStream(): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  const state = { released: 0 };
  const link = await bench.exchange.connect('observer', {
    onEvent: (event) => void events.push(event),
    onReleased: (released) => (state.released = released),
  });
  const wanted = link.welcome.nextSequence - 1;
  link.subscribe(1);
  await bench.eventually(() => Promise.resolve(state.released >= wanted || undefined));
  link.close();
  return events;
}

const total = async (asset: (typeof ASSETS)[number]): Promise<bigint> => {
  const types = ['customer_available', 'exchange_transit', 'exchange_available'] as const;
  const mine = customers.flatMap((customer) => types.map((type) => account(type, asset, customer)));
  const venue = (['exchange_fees', 'exchange_rounding', 'exchange_insurance'] as const).map((type) =>
    account(type, asset),
  );
  const balances = await Promise.all([...mine, ...venue].map((of) => bench.ledger.balance(of)));
  return balances.reduce((sum, balance) => sum + balance, 0n);
};

describe('A17', () => {
  test(
    `A17: ${ROUNDS} SIGKILLs of the settler under random trading: every trade settled once, in order, and ledger and engine equal to the unit`,
    async () => {
      const random = seeded(SEED);
      const accounts: number[] = [];
      const moves: ExchangeTransfer[] = [];
      let kill = await bench.spawnSettler();
      for (const customer of customers) {
        for (const asset of ASSETS) {
          const amount = (FUNDS[asset] / 2n / UNIT[asset]) * UNIT[asset];
          moves.push(await bench.move('in', customer, asset, amount));
        }
        accounts.push(await bench.engineAccount(customer));
      }
      // Without money nobody trades, however slow the machine is to bring it.
      for (const { id } of moves) await bench.ended(id);
      await bench.exchange.do('operator', contractListing);
      for (let round = 0; round < ROUNDS; round += 1) {
        const orders = Array.from({ length: ORDERS }, () => anyOrder(random, accounts));
        const sending = bench.exchange.do('gateway', orders);
        const customer = customers[random(customers.length)] ?? '';
        const asset = ASSETS[random(ASSETS.length)] ?? 'USD';
        const amount = BigInt(1 + random(100_000)) * UNIT[asset];
        await bench.move(random(2) === 0 ? 'in' : 'out', customer, asset, amount);
        await sending;
        await bench.exchange.do('operator', [anyMark(random)]);
        await sleep(random(LIFE_MS));
        await kill();
        kill = await bench.spawnSettler();
      }
      await bench.eventually(async () => {
        const { open } = await bench.database.one<{ open: bigint }>(
          `SELECT count(*) AS open FROM venue.transfer WHERE state IN ('requested', 'sent')`,
        );
        return open === 0n ? true : undefined;
      });
      await bench.settledUpTo(0);
      await kill();
      expect({ seed: SEED, complaints: bench.complaints }).toEqual({ seed: SEED, complaints: [] });

      const trades = (await wholeStream()).filter((event) => event.kind === 'trade');
      const told = trades.flatMap(({ sequence, origin, makerOrderId, takerOrderId }) => [
        { sequence, index: origin, order: makerOrderId },
        { sequence, index: origin, order: takerOrderId },
      ]);
      const fills = await bench.database.query(
        `SELECT sequence, event_index AS index, order_id AS order FROM venue.fill ORDER BY sequence, event_index, liquidity`,
      );
      expect({ seed: SEED, fills }).toEqual({ seed: SEED, fills: told });
      const contracts = trades.filter(({ instrument }) => instrument === CONTRACT);
      expect([trades.length > ROUNDS, contracts.length > 0, contracts.length < trades.length]).toEqual([
        true,
        true,
        true,
      ]);

      const cash = await bench.database.one<{ rows: bigint }>('SELECT count(*) AS rows FROM venue.variation');
      expect(cash.rows).toBeGreaterThan(0n);

      // In the order of the stream: each account's lines lead upwards through it.
      for (const customer of customers) {
        const of = account('exchange_available', 'USD', customer);
        const { lines } = await bench.ledger.statement(of, { from: new Date(0), to: new Date(Date.now() + 60_000) }, { limit: 10_000 }); // prettier-ignore
        const places = lines.map(({ meta }) => Number(meta?.['sequence']) * 10_000 + Number(meta?.['index']));
        expect({ seed: SEED, places }).toEqual({ seed: SEED, places: [...places].sort((a, b) => a - b) });
      }
      expect({ seed: SEED, differences: (await bench.reconcile())?.differences }).toEqual({
        seed: SEED,
        differences: [],
      });
      for (const asset of ASSETS) expect([asset, await total(asset)]).toEqual([asset, FUNDS[asset] * 4n]);
      const { totals } = await bench.ledger.trialBalance();
      expect(Object.values(totals).filter((sum) => sum !== 0n)).toEqual([]);
    },
    HOUR_MS,
  );
});

describe('a view that begins at the checkpoint', () => {
  test('owns and holds what the engine says at that command', async () => {
    const snapshot = await readVenueSnapshot(bench.database);
    const view = new VenueView(snapshot);
    const { balances, sequence } = await bench.balancesAt(Number(snapshot.position.sequence));
    expect(BigInt(sequence)).toBe(snapshot.position.sequence);
    // In dollars the margins of contracts are held besides.
    const [dollars] = snapshot.assets.filter(({ code }) => code === 'USD');
    const dueOf = ({ asset, total, held }: { asset: number; total: bigint; held: bigint }) =>
      asset === dollars?.number ? { asset, total } : { asset, total, held };
    const accounts = [...new Set(balances.map(({ account }) => account))];
    expect(accounts.length).toBeGreaterThan(customers.length);
    for (const account of accounts) {
      const due = balances.filter((balance) => balance.account === account).map(dueOf);
      const seen = [...view.balances(account)].sort((one, other) => one.asset - other.asset);
      expect({ seed: SEED, account, seen: seen.filter(({ total }) => total !== 0n).map(dueOf) }).toEqual({
        seed: SEED,
        account,
        seen: due,
      });
    }
    expect(balances.some(({ asset, held }) => asset !== dollars?.number && held > 0n)).toBe(true);
  });
});

describe('the checkpoint', () => {
  test('refuses events of another place: those of one who was overtaken, and those that do not follow', async () => {
    const { database, ledger, logger } = bench;
    const settle = new SettleEvents(ledger, new Events({ database, clock: systemClock, logger }), systemClock);
    const events = await wholeStream();
    const now = await readCheckpoint(database);
    const run = (run: readonly EngineEvent[], after: { sequence: bigint; index: number }) =>
      database.transaction((tx) => settle.run(tx, run, after));
    await expect(run(events.slice(0, 5), { sequence: 0n, index: -1 })).rejects.toMatchObject({ code: 'overtaken' });
    await expect(run(events.slice(0, 5), now)).rejects.toMatchObject({ code: 'gap' });
    expect(await readCheckpoint(database)).toEqual(now);
  });
});

describe('reconciliation', () => {
  test('finds a unit that is not where the engine says, and freezes that account’s asset and nothing else', async () => {
    const [customer = '', other = ''] = customers;
    const legs = [
      debit(account('exchange_available', 'BTC', customer), 1n),
      credit(account('customer_available', 'BTC', customer), 1n),
    ];
    await bench.ledger.submit({ id: uuidV7(), kind: 'test.move', legs });
    const number = await bench.engineAccount(customer);
    const found = await bench.reconcile();
    expect(found?.differences).toEqual([
      expect.objectContaining({ account: number, asset: 'BTC', engine: (found?.differences[0]?.ledger ?? 0n) + 1n }),
    ]);
    expect(await listFreezes(bench.database)).toMatchObject([{ account: number, asset: 'BTC' }]);
    await expect(bench.move('out', customer, 'BTC', 1n)).rejects.toMatchObject({ code: 'moves_frozen' });
    expect((await bench.move('out', customer, 'USD', 1n)).state).toBe('requested');
    expect((await bench.move('out', other, 'BTC', 1n)).state).toBe('requested');
  });

  test('follows money that no move of ours brought into the engine, and names it', async () => {
    bench.startSettler();
    await bench.exchange.do('settlement', [
      { kind: 'credit', account: 2, asset: 0, amount: 12_345n, transferHigh: 1n, transferLow: 2n },
    ]);
    await bench.settledUpTo(0);
    await bench.stopSettlers();
    const rows = await bench.database.query('SELECT account, asset, amount FROM venue.unexplained', []);
    expect(rows).toEqual([{ account: 2, asset: 'USD', amount: 12_345n }]);
    expect(await bench.ledger.balance(account('suspense_debit', 'USD'))).toBe(12_345n);
    expect((await bench.reconcile())?.differences.map(({ asset }) => asset)).toEqual(['BTC']);
  });
});
