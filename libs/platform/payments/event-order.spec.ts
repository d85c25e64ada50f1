import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomInt, randomUUID } from 'node:crypto';
import { readGroup } from '@platform/ledger';
import { findCardPayment } from './card-payments.js';
import { type OutsideEvent } from './card-processor.js';
import { createTestPayments, type TestPayments } from './testing/index.js';
import { activeValueHolds } from './value-holds.js';

const TORTURE = process.env['TORTURE'] !== undefined;

let test: TestPayments;
beforeAll(async () => {
  test = await createTestPayments();
});
afterAll(async () => {
  const { isBalanced } = await test.ledger.trialBalance();
  await test.close();
  expect(isBalanced).toBe(true);
});

/** What the processor tells of one purchase of 100.00, in the order in which it happened. */
function story(
  reference: string,
): Record<'authorised' | 'captured' | 'refunded' | 'chargedBack' | 'won', OutsideEvent> {
  const unique = randomUUID().replaceAll('-', '');
  const payment = {
    id: `pay_${unique}`,
    reference,
    amount: 100_00,
    currency: 'USD',
    card: { brand: 'visa', last4: '4242', fingerprint: `fp-${unique}` },
    threeDSecure: { liabilityShift: true },
    failureCode: null,
  };
  const refund = {
    id: `re_${unique}`,
    reference: `dashboard-${unique}`,
    paymentReference: reference,
    amount: 30_00,
    currency: 'USD',
  };
  const chargeback = {
    id: `cb_${unique}`,
    paymentReference: reference,
    amount: 70_00,
    fee: 15_00,
    currency: 'USD',
    reason: 'fraudulent',
  };
  const event = (seq: number, type: string, data: object): OutsideEvent => ({
    id: `evt_${unique}_${seq}`,
    seq: BigInt(seq),
    type,
    data,
  });
  return {
    authorised: event(1, 'payment.authorised', { payment: { ...payment, status: 'authorised', version: 3 } }),
    captured: event(2, 'payment.captured', { payment: { ...payment, status: 'captured', version: 4 } }),
    refunded: event(3, 'refund.succeeded', { refund: { ...refund, status: 'succeeded', version: 2 } }),
    chargedBack: event(4, 'chargeback.opened', { chargeback: { ...chargeback, status: 'open', version: 1 } }),
    won: event(5, 'chargeback.won', { chargeback: { ...chargeback, status: 'won', version: 2 } }),
  };
}
type Chapter = keyof ReturnType<typeof story>;

/** Lives through the chapters in this order, as webhooks, and answers everything that the end consists of. */
async function live(order: readonly Chapter[]): Promise<object> {
  const customerId = await test.customer();
  const { id } = await test.transaction((tx) =>
    test.payments.startCardPayment.run(tx, { customerId, asset: 'USD', amount: 100_00n }),
  );
  const chapters = story(id);
  for (const chapter of order) await test.deliver('card', chapters[chapter]);
  await test.transaction((tx) => test.payments.cardIntake.applyWaiting(tx, id));
  const payment = await findCardPayment(test.database.app, id);
  const transfers = await readGroup(test.database.app, id);
  const events = [
    ...(await test.events.of('card-payment', id)),
    ...(await test.database.app.query<{ type: string }>(
      `SELECT type FROM base.event WHERE payload ->> 'paymentId' = $1 AND aggregate = 'chargeback'`,
      [id],
    )),
  ];
  const inbox = await test.database.app.query<{ state: string }>(
    `SELECT state FROM payments.outside_event WHERE subject = $1`,
    [id],
  );
  return {
    state: payment?.state,
    version: payment?.processorVersion,
    refunded: payment?.refunded,
    available: await test.balance('customer_available', customerId),
    debt: await test.balance('customer_debt', customerId),
    receivable: transfers
      .flatMap(({ entries }) => entries)
      .filter(({ type }) => type === 'card_receivable')
      .reduce((sum, { amount }) => sum + amount, 0n),
    transfers: transfers.map(({ kind }) => kind).sort(),
    events: events.map(({ type }) => type).sort(),
    held: (await activeValueHolds(test.database.app, customerId, test.clock.now())).map(({ amount }) => amount),
    open: inbox.filter(({ state }) => state !== 'APPLIED').length,
  };
}

/** Every order ends as `expected`. Customers are independent, so several live at once. */
async function allEndAs(expected: object, orders: readonly (readonly Chapter[])[]): Promise<void> {
  for (let at = 0; at < orders.length; at += 6) {
    const some = orders.slice(at, at + 6);
    const ends = await Promise.all(some.map(async (order) => ({ order, end: await live(order) })));
    expect(ends).toEqual(some.map((order) => ({ order, end: expected })));
  }
}

function permutations<Item>(items: readonly Item[]): Item[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, at) =>
    permutations([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]),
  );
}

/** Every different order of a list in which items repeat. */
function interleavings<Item>(counts: ReadonlyMap<Item, number>): Item[][] {
  const left = [...counts].filter(([, count]) => count > 0);
  if (left.length === 0) return [[]];
  return left.flatMap(([item, count]) =>
    interleavings(new Map(counts).set(item, count - 1)).map((rest) => [item, ...rest]),
  );
}
const twice = <Item>(items: readonly Item[]): Map<Item, number> => new Map(items.map((item) => [item, 2]));

describe('D13: the events of a card buy', () => {
  it('in any of the 24 orders, each repeated later, end in the same state with the same postings', async () => {
    const chapters: Chapter[] = ['authorised', 'captured', 'refunded', 'chargedBack'];
    const expected = await live(chapters);
    expect(expected).toMatchObject({
      state: 'CHARGED_BACK',
      refunded: 30_00n,
      available: 0n,
      debt: 0n,
      receivable: -15_00n,
      held: [],
      open: 0,
    });
    await allEndAs(
      expected,
      permutations(chapters).map((order) => [...order, ...[...order].reverse()]),
    );
  });

  // `npm run torture` takes all four: 2,520 interleavings.
  it('each twice, in every interleaving, end the same', async () => {
    const chapters: Chapter[] = ['authorised', 'captured', 'chargedBack', ...(TORTURE ? (['refunded'] as const) : [])];
    const expected = await live(chapters);
    await allEndAs(expected, interleavings(twice(chapters)));
  }, 1_800_000);

  it('with a chargeback that is won, heard of in any order, give the customer the money back', async () => {
    const chapters: Chapter[] = ['captured', 'refunded', 'chargedBack', 'won'];
    const expected = await live(chapters);
    expect(expected).toMatchObject({ state: 'CAPTURED', available: 70_00n, debt: 0n, receivable: 55_00n });
    await allEndAs(expected, permutations(chapters));
  });

  it('delivered many at once, end the same', async () => {
    const customerId = await test.customer();
    const { id } = await test.transaction((tx) =>
      test.payments.startCardPayment.run(tx, { customerId, asset: 'USD', amount: 100_00n }),
    );
    const all = Object.values(story(id));
    const deliveries = Array.from({ length: 40 }, () => all[randomInt(all.length)] as OutsideEvent).concat(all);
    await Promise.all(deliveries.map((event) => test.deliver('card', event)));
    await test.transaction((tx) => test.payments.cardIntake.applyWaiting(tx, id));
    expect((await findCardPayment(test.database.app, id))?.state).toBe('CAPTURED');
    expect(await test.balance('customer_available', customerId)).toBe(70_00n);
  });

  it('that say another amount are kept as failed, counted, and change nothing', async () => {
    const customerId = await test.customer();
    const { id } = await test.transaction((tx) =>
      test.payments.startCardPayment.run(tx, { customerId, asset: 'USD', amount: 100_00n }),
    );
    const { captured } = story(id);
    const { payment } = captured.data as { payment: object };
    await test.deliver('card', { ...captured, data: { payment: { ...payment, amount: 100_01 } } });
    const [kept] = await test.database.app.query<{ state: string; note: string }>(
      'SELECT state, note FROM payments.outside_event WHERE id = $1',
      [captured.id],
    );
    expect([kept?.state, kept?.note]).toEqual(['FAILED', expect.stringContaining('another amount')]);
    expect(await test.balance('customer_available', customerId)).toBe(0n);
  });
});
