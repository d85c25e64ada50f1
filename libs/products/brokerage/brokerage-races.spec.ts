import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type AssetCode, formatAmount } from '@core/money';
import { DatabaseBusy, uuidV7 } from '@base/database';
import { Refusal } from '@base/http';
import { account } from '@platform/ledger';
import { type Quote } from './quote.js';
import { createTestBrokerage, type TestBrokerage } from './testing/index.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const TORTURE = process.env['TORTURE'] !== undefined;

let t: TestBrokerage;

beforeAll(async () => {
  t = await createTestBrokerage({ connections: 16 });
});
afterAll(async () => {
  expect((await t.ledger.trialBalance()).isBalanced).toBe(true);
  await t.close();
});
beforeEach(() => t.prices());

const usd = (text: string): bigint => t.major(text, 'USD');

/** What each of many racers was told: the refusal's code, or "done". Anything a caller would see as a 5xx fails the spec. */
const outcomes = (racers: readonly Promise<unknown>[]): Promise<string[]> =>
  Promise.all(
    racers.map((racer) =>
      racer.then(
        () => 'done',
        (error: unknown) => {
          if (error instanceof Refusal && error.options.status < 500) return error.code;
          throw error instanceof DatabaseBusy ? new Error('503 in a race', { cause: error }) : error;
        },
      ),
    ),
  );
const count = (told: readonly string[], what: string): number => told.filter((each) => each === what).length;

describe('H7: 200 buys of one balance at once', () => {
  it('exactly what the balance allows succeeds, and every unit is accounted for', async () => {
    const who = await t.customer({ USD: '105.00' });
    const quotes: Quote[] = [];
    while (quotes.length < 200) quotes.push(...(await Promise.all(Array.from({ length: 10 }, () => t.quote({ customerId: who, amount: '10.00' }))))); // prettier-ignore
    const before = await t.house('BTC');
    const told = await outcomes(quotes.map(({ id }) => t.order(who, id)));
    expect([count(told, 'done'), count(told, 'insufficient_funds')]).toEqual([10, 190]);
    expect([await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual([usd('5.00'), 0n]);
    expect(await t.available(who, 'BTC')).toBe(before - (await t.house('BTC')));
  });

  it('buys, sells and swaps of one balance at once never spend anything twice', async () => {
    const who = await t.customer({ USD: '50.00', BTC: '0.00100000' });
    const asks = [
      ...Array.from({ length: 15 }, () => ({ amount: '10.00' })),
      ...Array.from({ length: 15 }, () => ({ profile: 'SELL', from: 'BTC', to: 'USD', amount: '0.00040000' }) as const),
      ...Array.from(
        { length: 15 },
        () => ({ profile: 'SWAP_INTERNAL', from: 'BTC', to: 'ETH', amount: '0.00040000' }) as const,
      ),
    ];
    const quotes = await Promise.all(asks.map((ask) => t.quote({ customerId: who, ...ask })));
    const told = await outcomes(quotes.map(({ id }) => t.order(who, id)));
    expect(count(told, 'done') + count(told, 'insufficient_funds')).toBe(45);
    for (const asset of ['USD', 'BTC', 'ETH'] as const)
      expect(await t.available(who, asset)).toBeGreaterThanOrEqual(0n);
    expect((await t.ledger.trialBalance()).isBalanced).toBe(true);
  });
});

describe('scenario 1: the same idempotency key 50 times at once', () => {
  it('makes one order and one journal of a buy from the balance, and one answer', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, amount: '100.00' });
    const command = () =>
      t.command(who, 'key-1', { quoteId: quote.id }, (tx) =>
        t.brokerage.createOrder.run(tx, { customerId: who, quoteId: quote.id, confirm: true }),
      );
    const answers = await Promise.all(Array.from({ length: 50 }, command));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    expect(await t.available(who, 'USD')).toBe(usd('900.00'));
    expect(await t.database.query('SELECT FROM brokerage.orders WHERE customer_id = $1', [who])).toHaveLength(1);
    const lines = await t.ledger.statement(account('customer_available', 'BTC', who), {
      from: new Date(0),
      to: new Date('2100-01-01'),
    });
    expect(lines.lines).toHaveLength(1);
  });

  it('starts one card payment of a buy by card, and its capture, told 20 times, executes once', async () => {
    const who = await t.customer();
    const quote = await t.quote({ customerId: who, amount: '100.00', method: 'CARD' });
    const started = t.payments.cards.length;
    const command = () =>
      t.command(who, 'key-2', { quoteId: quote.id }, (tx) =>
        t.brokerage.createOrder.run(tx, { customerId: who, quoteId: quote.id, confirm: true }),
      );
    await Promise.all(Array.from({ length: 50 }, command));
    expect(t.payments.cards.length - started).toBe(1);
    const request = t.payments.cards.at(-1);
    if (!request) throw new Error('no payment');
    const executed = await t.capture(request);
    const again = { orderId: executed.id, amount: request.amount, holdId: null, liabilityShifted: true };
    await Promise.all(
      Array.from({ length: 20 }, () => t.database.transaction((tx) => t.brokerage.receivePayment.received(tx, again))),
    );
    expect(await t.available(who, 'BTC')).toBe(quote.priced.outAmount);
    expect((await t.read(executed.id)).version).toBe(executed.version);
  });
});

describe('H9: limits', () => {
  const cardOrder = async (who: string, amount: string) =>
    t.order(who, (await t.quote({ customerId: who, amount, method: 'CARD' })).id, {});

  it('many small orders at once never pass the daily limit, to the cent', async () => {
    t.setTier(1);
    const who = await t.customer();
    const quotes = await Promise.all(
      Array.from({ length: 40 }, () => t.quote({ customerId: who, amount: '50.00', method: 'CARD' })),
    );
    const told = await outcomes(quotes.map(({ id }) => t.order(who, id, {})));
    expect([count(told, 'done'), count(told, 'limit_exceeded') + count(told, 'too_many_open_orders')]).toEqual([5, 35]);
    expect(await t.refusalOf(cardOrder(who, '5.00'))).toMatch(/limit_exceeded|too_many_open_orders/);
    t.setTier(3);
  });

  it('scenario 10: of two orders of 600 against 1 000 a year one is accepted; a year later there is room again', async () => {
    t.setTier(1);
    await t.testDatabase.owner.query(
      `UPDATE brokerage.tier_limit SET usd_cents = 100000000 WHERE tier = 1 AND period = 'DAY'`,
    );
    const who = await t.customer();
    const quotes = await Promise.all([1, 2].map(() => t.quote({ customerId: who, amount: '600.00', method: 'CARD' })));
    const told = await outcomes(quotes.map(({ id }) => t.order(who, id)));
    expect(told.sort()).toEqual(['done', 'limit_exceeded']);
    const request = t.payments.cards.at(-1);
    if (!request) throw new Error('no payment');
    await t.capture(request);
    t.pass(364 * 86_400_000);
    t.prices();
    expect(await t.refusalOf(cardOrder(who, '600.00'))).toBe('422 limit_exceeded');
    t.pass(86_400_000);
    t.prices();
    expect(await t.refusalOf(cardOrder(who, '600.00'))).toBe('done');
    t.setTier(3);
  });

  it('tier 0 may bring nothing in, and stored money has no limit', async () => {
    t.setTier(0);
    const who = await t.customer({ USD: '90000.00' });
    expect(await t.refusalOf(cardOrder(who, '10.00'))).toBe('422 limit_exceeded');
    expect((await t.order(who, (await t.quote({ customerId: who, amount: '90000.00' })).id)).state).toBe('SETTLED');
    t.setTier(3);
  });

  it('at most five orders wait for payment', async () => {
    const who = await t.customer();
    for (let n = 0; n < 5; n += 1) await cardOrder(who, '10.00');
    expect(await t.refusalOf(cardOrder(who, '10.00'))).toBe('409 too_many_open_orders');
  });
});

describe('scenario 13: the house at its hard limit', () => {
  let small: TestBrokerage;
  beforeAll(async () => {
    small = await createTestBrokerage({ inventory: { USD: '1000000.00', BTC: '0.50000000' }, connections: 16 });
    await small.testDatabase.owner.query(
      `UPDATE brokerage.house_limit SET soft_cents = 500000, hard_cents = 1000000 WHERE asset = 'BTC'`,
    );
  });
  afterAll(() => small.close());

  it('stops the side that adds risk at once, however many race; the other side goes on', async () => {
    const who = await small.customer({ USD: '100000.00', BTC: '1.00000000' });
    const quotes = await Promise.all(
      Array.from({ length: 30 }, () => small.quote({ customerId: who, amount: '1000.00' })),
    );
    const told = await outcomes(quotes.map(({ id }) => small.order(who, id)));
    expect(count(told, 'done') + count(told, 'side_closed')).toBe(30);
    const { positionCents, hardCents } = await small.brokerage.house.position(small.database, 'BTC');
    expect(
      positionCents !== null &&
        positionCents < 0n &&
        -positionCents <= hardCents &&
        -positionCents > hardCents - 100_000n,
    ).toBe(true);
    expect(await small.refusalOf(small.quote({ customerId: who, amount: '1000.00' }))).toBe('409 side_closed');
    const sell = await small.quote({ customerId: who, profile: 'SELL', from: 'BTC', to: 'USD', amount: '0.01000000' });
    expect((await small.order(who, sell.id)).state).toBe('SETTLED');
  });

  it('moves its prices as it fills, so that it sheds risk, and never past mid', async () => {
    const who = await small.customer({ USD: '100000.00', BTC: '1.00000000' });
    const { terms, priced, mid } = await small.quote({
      customerId: who,
      profile: 'SELL',
      from: 'BTC',
      to: 'USD',
      amount: '0.01000000',
    });
    expect(terms.skewPpm > 0n).toBe(true);
    expect(priced.price.numerator * mid.denominator <= mid.numerator * priced.price.denominator).toBe(true);
  });

  it('sells no coin it does not have, whatever its limit says', async () => {
    await small.testDatabase.owner.query(`UPDATE brokerage.house_limit SET hard_cents = 100000000 WHERE asset = 'BTC'`);
    const who = await small.customer({ USD: '100000.00' });
    expect(await small.refusalOf(small.quote({ customerId: who, amount: '40000.00' }))).toBe('409 side_closed');
    const drained = await small.quote({ customerId: who, amount: '15000.00' });
    const left = await small.house('BTC');
    await small.database.transaction((tx) =>
      small.brokerage.fundInventory.run(tx, { id: uuidV7(), asset: 'BTC', amount: -left, source: 'spec' }),
    );
    expect(await small.refusalOf(small.order(who, drained.id))).toBe('409 side_closed');
    expect(await small.available(who, 'USD')).toBe(t.major('100000.00', 'USD'));
  });

  it('takes own capital only as far as there is any', async () => {
    const fund = (amount: bigint) =>
      small.database.transaction((tx) =>
        small.brokerage.fundInventory.run(tx, { id: uuidV7(), asset: 'ETH', amount, source: 'spec' }),
      );
    expect(await small.refusalOf(fund(1n))).toBe('422 own_funds_insufficient');
    expect(await small.house('ETH')).toBe(0n);
  });
});

/** A small generator with a seed, for histories. */
const generator = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
  return seed / 2 ** 31;
};

it(`scenario 14: after any history the statement closes at the ledger's balance (seed ${SEED})`, async () => {
  const random = generator(SEED);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const routes = [['BUY', 'USD', 'BTC'], ['BUY', 'USD', 'ETH'], ['SELL', 'BTC', 'USD'], ['SELL', 'ETH', 'USD'], ['SWAP_INTERNAL', 'BTC', 'ETH'], ['SWAP_INTERNAL', 'ETH', 'BTC']] as const; // prettier-ignore
  for (let customer = 0; customer < (TORTURE ? 200 : 2); customer += 1) {
    const who = await t.customer({ USD: '5000.00' });
    for (let step = 0; step < (TORTURE ? 50 : 15); step += 1) {
      const [profile, from, to] = pick(routes);
      const amount = formatAmount(((await t.available(who, from)) * BigInt(Math.ceil(random() * 90))) / 100n, from);
      const quote = await t.quote({ customerId: who, profile, from, to, amount }).catch(() => undefined);
      if (!quote) continue;
      const order = await t.order(who, quote.id, { confirm: random() < 0.7 });
      if (order.state === 'CREATED' && random() < 0.5)
        await t.database.transaction((tx) => t.brokerage.endOrder.cancel(tx, order.id, who));
    }
    for (const asset of ['USD', 'BTC', 'ETH'] as AssetCode[]) {
      for (const type of ['customer_available', 'customer_hold'] as const) {
        const of = account(type, asset, who);
        const statement = await t.ledger.statement(
          of,
          { from: new Date(0), to: new Date('2100-01-01') },
          { limit: 1_000 },
        );
        const sum = statement.lines.reduce((total, { change }) => total + change, statement.opening);
        expect([sum, statement.closing]).toEqual([await t.ledger.balance(of), await t.ledger.balance(of)]);
      }
    }
  }
});
