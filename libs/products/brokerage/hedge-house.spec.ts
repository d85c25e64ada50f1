import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseRate } from '@core/money';
import { createLogger } from '@base/observability';
import { uuidV7 } from '@base/database';
import { account, credit, debit } from '@platform/ledger';
import { appointHedgeMember, type Hedge, listHedges, readHedgeFills } from '@products/brokerage';
import { HedgeHouse } from './hedge-house.js';
import { HEDGE_STATES, HEDGE_TABLE, limitOf, nextHedgeState } from './hedge-order.js';
import { type HousePosition } from './house.js';
import { planHedge } from './plan-hedge.js';
import { FakeHedgeVenue, spoil } from './testing/fake-hedge-venue.js';
import { createTestBrokerage, type TestBrokerage } from './testing/test-brokerage.js';

const DOLLAR = 100n;
const SOFT = 20_000n * DOLLAR;
const MINUTE_MS = 60_000;

let desk: TestBrokerage;
let venue: FakeHedgeVenue;
let hedging: HedgeHouse;
const member = uuidV7();

beforeAll(async () => {
  desk = await createTestBrokerage();
  const { database, ledger, clock } = desk;
  const rich = await desk.customer({ USD: '1.00' });
  const appoint = (customerId: string) =>
    appointHedgeMember(database, ledger, { customerId, venue: 'a venue of specs', at: clock.now() });
  await expect(appoint(rich)).rejects.toThrow('who has money');
  await appoint(member);
  for (const asset of ['BTC', 'ETH'] as const) {
    await desk.database.transaction((tx) =>
      desk.brokerage.operateDesk.setLimits(tx, { asset, softCents: SOFT, hardCents: SOFT * 100n }),
    );
  }
});
afterAll(() => desk.close());
beforeEach(() => {
  const { database, clock, ledger, pricing, brokerage } = desk;
  venue = new FakeHedgeVenue(database, ledger, member);
  const parts = { database, clock, ledger, prices: pricing.prices, logger: createLogger('spec', 'silent') };
  hedging = new HedgeHouse(parts, brokerage.house, venue);
});

const position = (asset: 'BTC' | 'ETH' = 'BTC'): Promise<HousePosition> =>
  desk.brokerage.house.position(desk.database, asset);
const newest = async (): Promise<Hedge> => (await listHedges(desk.database, { limit: 1 }))[0]!;
const elsewhere = async (): Promise<bigint> => {
  const types = ['customer_available', 'exchange_transit', 'exchange_available'] as const;
  const accounts = types.flatMap((type) => (['USD', 'BTC'] as const).map((asset) => account(type, asset, member)));
  return (await desk.ledger.balancesOf(accounts)).reduce((sum, balance) => sum + balance, 0n);
};

async function run(times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    // Ids are ordered by the millisecond.
    desk.pass(1);
    desk.prices();
    await hedging.run();
  }
}

/** Somebody buys from the house, or sells to it, so many dollars' worth of bitcoin. */
async function deal(profile: 'BUY' | 'SELL', amount: string): Promise<void> {
  const isBuy = profile === 'BUY';
  const customerId = await desk.customer(isBuy ? { USD: amount } : { BTC: amount });
  desk.prices();
  const quote = await desk.quote({
    customerId,
    profile,
    amount,
    from: isBuy ? 'USD' : 'BTC',
    to: isBuy ? 'BTC' : 'USD',
  });
  await desk.order(customerId, quote.id);
}

/** Until nothing is exposed, under way or away from home. */
async function settleAll(): Promise<void> {
  for (let round = 0; round < 40; round += 1) {
    await run();
    const [latest] = await listHedges(desk.database, { limit: 1 });
    const { positionCents } = await position();
    const size = positionCents! < 0n ? -positionCents! : positionCents!;
    if (size <= SOFT && latest?.state === 'reconciled' && (await elsewhere()) === 0n) return;
  }
  throw new Error(`never at rest: ${JSON.stringify(await newest(), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))}`); // prettier-ignore
}

describe('the house', () => {
  it('pays no more at the venue for what somebody makes of its book', async () => {
    await deal('BUY', '20600.00');
    desk.pass(4_000);
    // One external source is left, and the book has pulled mid up by some 40 bps.
    desk.sources.say('alpha', 'BTC-USD', '60000');
    desk.sources.sayBook('BTC-USD', { bids: [['60490', '9']], asks: [['60510', '9']] });
    expect(desk.pricing.prices.last('BTC-USD')).toMatchObject({ firm: true, mid: parseRate('60250', 'BTC', 'USD') });
    await hedging.run();
    const hedge = await newest();
    expect(hedge).toMatchObject({ side: 'BUY', state: 'planned' });
    expect(limitOf(hedge)).toEqual(parseRate('60180', 'BTC', 'USD'));
    desk.sources.withdrawBook('BTC-USD', 'thin');
    await settleAll();
  });

  it('lays off what customers bought beyond its soft limit, piece by piece, and its money comes home', async () => {
    await deal('BUY', '70000.00');
    const before = await position();
    await settleAll();
    const bought = [...venue.executed.values()].flat().reduce((sum, { amount }) => sum + amount, 0n);
    expect((await position()).position).toBe(before.position + bought);
    expect(bought).toBeGreaterThan(0n);
    for (const hedge of await listHedges(desk.database, { limit: 9 })) {
      expect(hedge).toMatchObject({ side: 'BUY', state: 'reconciled', sends: 1, mismatched: false });
      expect(await readHedgeFills(desk.database, hedge)).toHaveLength(2);
    }
    expect((await desk.ledger.trialBalance()).totals).toMatchObject({ USD: 0n, BTC: 0n });
  });

  it('sells what customers sold to it, and is exposed by the same amount wherever its money stands', async () => {
    await deal('SELL', '1.50000000');
    const { position: exposed } = await position();
    await run();
    // Planned: a part of the inventory is at the venue, and nothing has been traded.
    expect(await newest()).toMatchObject({ side: 'SELL', state: 'planned' });
    expect((await position()).position).toBe(exposed);
    await settleAll();
    expect((await position()).position).toBeLessThan(exposed);
  });

  it('asks again under the same name when an answer is lost, and the venue executes it once', async () => {
    await deal('BUY', '30000.00');
    await run();
    venue.answers = ['never_came', 'lost', 'lost'];
    await run(4);
    const hedge = await newest();
    expect(venue.asked).toEqual([hedge.clientId, hedge.clientId, hedge.clientId, hedge.clientId]);
    expect(venue.executed.size).toBe(1);
    expect(hedge).toMatchObject({ state: 'filled', sends: 4 });
    await settleAll();
  });

  it('goes on after an order that was filled in part, or refused', async () => {
    await deal('SELL', '1.00000000');
    venue.fillsPpt = 400n;
    venue.answers = ['refused'];
    await run(2);
    expect(await newest()).toMatchObject({ state: 'failed', reason: 'Insufficient Balance' });
    desk.pass(MINUTE_MS);
    await settleAll();
    const states = await desk.database.query<{ event: string }>('SELECT DISTINCT event FROM brokerage.hedge_history');
    expect(states.map(({ event }) => event)).toContain('fill_part');
  });

  it('gives an order up whose money does not arrive, and takes the money back', async () => {
    await deal('SELL', '0.80000000');
    venue.takesMoney = false;
    await run();
    const planned = await newest();
    // Enough of other money stands there: what an order before left, on its way home.
    const other = [
      debit(account('house_inventory', planned.spentAsset), planned.spent),
      credit(account('exchange_available', planned.spentAsset, member), planned.spent),
    ];
    await desk.ledger.submit({ id: uuidV7(), kind: 'test.move', legs: other });
    await run(2);
    expect(await newest()).toMatchObject({ id: planned.id, state: 'planned', sends: 0 });
    await venue.giveBack('BTC');
    await run();
    venue.takesMoney = true;
    expect(await newest()).toMatchObject({ id: planned.id, state: 'failed', sends: 0 });
    desk.pass(MINUTE_MS);
    await settleAll();
    expect(venue.asked).not.toContain(planned.clientId);
  });

  it('says so when the books settle otherwise than the venue answered, and hedges that asset no further', async () => {
    await deal('BUY', '40000.00');
    venue.settling = spoil;
    await run(2);
    const hedge = await newest();
    desk.pass(MINUTE_MS);
    await run(3);
    expect(await newest()).toMatchObject({ id: hedge.id, state: 'filled', mismatched: true });
    venue.settling = (fills) => fills;
    await settleAll();
    expect(await newest()).toMatchObject({ state: 'reconciled', mismatched: false });
  });

  it('a mismatch keeps no money of other assets at the venue, and ends when an operator accepts what was settled', async () => {
    const accept = (id: string) =>
      desk.database.transaction((tx) => desk.brokerage.acceptHedge.run(tx, id, 'the statement of the venue agrees'));
    await deal('BUY', '40000.00');
    venue.settling = spoil;
    await run(2);
    const hedge = await newest();
    await expect(accept(hedge.id)).rejects.toMatchObject({ code: 'hedge_not_mismatched' });
    desk.pass(MINUTE_MS);
    await run();
    const ether = { memberId: member, asset: 'ETH', amount: 1_000n, key: 'spec' } as const;
    const legs = [
      debit(account('bank_nostro', 'ETH'), 1_000n),
      credit(account('customer_available', 'ETH', member), 1_000n),
    ];
    await desk.ledger.submit({ id: uuidV7(), kind: 'test.move', legs });
    await desk.database.transaction((tx) => venue.deposit(tx, ether));
    await run(2);
    expect(await desk.ledger.balance(account('exchange_available', 'ETH', member))).toBe(0n);
    expect(await newest()).toMatchObject({ id: hedge.id, state: 'filled', mismatched: true });
    await accept(hedge.id);
    venue.settling = (fills) => fills;
    await settleAll();
    await expect(accept(uuidV7())).rejects.toMatchObject({ code: 'hedge_not_found' });
  });

  it('an order that the venue never took is not sent again when its time is over', async () => {
    await deal('BUY', '40000.00');
    venue.answers = ['never_came'];
    await run(2);
    const lost = await newest();
    expect(lost).toMatchObject({ state: 'unknown', sends: 1 });
    desk.pass(3 * MINUTE_MS);
    await run();
    expect(venue.executed.has(lost.clientId)).toBe(false);
    const [ended] = (await listHedges(desk.database, { limit: 9 })).filter(({ id }) => id === lost.id);
    expect(ended?.reason).toContain('its time is over');
    desk.pass(MINUTE_MS);
    await settleAll();
  });
});

describe('a hedge', () => {
  it('has an answer to every state, and no way back from the end', () => {
    for (const state of HEDGE_STATES) expect(Object.keys(HEDGE_TABLE[state]).length > 0).toBe(state !== 'reconciled');
    expect(nextHedgeState('planned', 'fill')).toBeUndefined();
    expect(nextHedgeState('filled', 'send')).toBeUndefined();
  });

  it('never leads past zero, never costs more than the inventory has, and is whole lots', () => {
    const last = parseRate('60000', 'BTC', 'USD');
    const lot = 1_000n;
    const amount = fc.bigInt({ min: -10_000_000_000n, max: 10_000_000_000n });
    fc.assert(
      fc.property(amount, fc.nat(), fc.nat(), (held, inventory, dollars) => {
        const positionCents = (held * 6_000_000n) / 10n ** 8n;
        const of: HousePosition = { asset: 'BTC', inventory: BigInt(inventory), atVenue: 0n, funded: 0n, position: held, positionCents, softCents: SOFT, hardCents: SOFT * 9n, limited: true }; // prettier-ignore
        const quoteInventory = BigInt(dollars) * 10n;
        const plan = planHedge({ position: of, terms: { pair: 'BTC-USD', quote: 'USD', lot, minimum: 50_000n }, last, quoteInventory }); // prettier-ignore
        if (plan === undefined) return;
        expect(plan.side).toBe(held > 0n ? 'SELL' : 'BUY');
        expect(plan.amount % lot).toBe(0n);
        expect(plan.amount).toBeLessThanOrEqual(held < 0n ? -held : held);
        expect(plan.spent).toBeLessThanOrEqual(held > 0n ? of.inventory : quoteInventory);
      }),
      { numRuns: 100 },
    );
  });
});
