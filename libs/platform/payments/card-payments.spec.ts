import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { uuidV7 } from '@base/database';
import { account, credit, debit } from '@platform/ledger';
import { fund } from '@platform/ledger/testing';
import { type CardPayment, type CardPaymentState } from './card-payment.js';
import { findCardPayment } from './card-payments.js';
import { readHistory } from './chronicle.js';
import { assertUnrestricted } from './freezes.js';
import { createTestPayments, type TestPayments } from './testing/index.js';
import { activeValueHolds } from './value-holds.js';

let test: TestPayments;
beforeAll(async () => {
  test = await createTestPayments();
});
afterAll(async () => {
  const trial = await test.ledger.trialBalance();
  await test.close();
  expect(trial.isBalanced).toBe(true);
});

const HOUR = 3_600_000;

const start = (customerId: string, more: object = {}): Promise<CardPayment> =>
  test.transaction((tx) =>
    test.payments.startCardPayment.run(tx, { customerId, asset: 'USD', amount: 100_00n, ...more }),
  );
const stateOf = async (id: string): Promise<CardPaymentState | undefined> =>
  (await findCardPayment(test.database.app, id))?.state;
const eventsOf = async (id: string): Promise<string[]> =>
  (await test.events.of('card-payment', id)).map(({ type }) => type);
const refund = (paymentId: string, amount?: bigint) =>
  test.transaction((tx) => test.payments.requestRefund.run(tx, { paymentId, amount, reason: 'changed my mind' }));

describe('a card payment', () => {
  it('goes from its page to the customer’s balance, with its value on hold', async () => {
    const customerId = await test.customer();
    const purpose = { kind: 'brokerage.order', id: 'order-1' };
    const { id } = await start(customerId, { purpose });
    await test.settle();
    const waiting = await findCardPayment(test.database.app, id);
    expect([waiting?.state, waiting?.actionUrl]).toEqual(['AWAITING_CUSTOMER', expect.stringContaining('https://card.example/pay/')]); // prettier-ignore
    test.card.approve(id);
    await test.settle();
    expect(await stateOf(id)).toBe('CAPTURED');
    expect(await test.balance('customer_available', customerId)).toBe(100_00n);
    const [hold] = await activeValueHolds(test.database.app, customerId, test.clock.now());
    expect([hold?.amount, hold?.reason]).toEqual([100_00n, 'card_first_use']);
    const [event] = await test.events.of('card-payment', id);
    expect(event?.payload).toEqual({
      paymentId: id,
      customerId,
      asset: 'USD',
      amount: '100.00',
      purpose,
      holdId: null,
      liabilityShifted: true,
    });
    expect((await readHistory(test.database.app, 'card-payment', id)).map(({ to }) => to)).toEqual(['CREATED', 'AWAITING_CUSTOMER', 'AUTHORISED', 'CAPTURED']); // prettier-ignore
  });

  it('locks what it captured for its purpose, so that nothing else can spend it', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 50_00n, { lockFunds: true });
    expect(await test.balance('customer_available', customerId)).toBe(0n);
    expect(await test.balance('customer_hold', customerId)).toBe(50_00n);
    const events = await test.events.of('card-payment', payment.id);
    expect(events[0]?.payload).toMatchObject({ holdId: payment.id });
  });

  it('fails with the issuer’s reason, and takes nothing', async () => {
    const customerId = await test.customer();
    const { id } = await start(customerId);
    await test.settle();
    test.card.decline(id, 'insufficient_funds');
    await test.settle();
    expect((await findCardPayment(test.database.app, id))?.failureCode).toBe('insufficient_funds');
    expect(await eventsOf(id)).toEqual(['payments.card-failed']);
    expect(await test.balance('customer_available', customerId)).toBe(0n);
  });

  it('expires at the processor after 15 minutes, and frees what waited for it', async () => {
    const { id } = await start(await test.customer());
    await test.settle();
    test.clock.advance(14 * 60_000);
    await test.jobs.runSchedule('payments.reap-card-payments');
    expect(await stateOf(id)).toBe('AWAITING_CUSTOMER');
    test.clock.advance(61_000);
    await test.jobs.runSchedule('payments.reap-card-payments');
    expect(await stateOf(id)).toBe('EXPIRED');
    const [event] = await test.events.of('card-payment', id);
    expect(event?.payload).toMatchObject({ outcome: 'EXPIRED' });
  });

  it('is captured after all when the customer approved in the moment of expiry', async () => {
    const customerId = await test.customer();
    const { id } = await start(customerId);
    await test.settle();
    test.card.approve(id);
    const { processorId } = (await findCardPayment(test.database.app, id)) as CardPayment;
    await test.card.capture(processorId ?? '');
    test.clock.advance(16 * 60_000);
    await test.jobs.runSchedule('payments.reap-card-payments');
    await test.settle();
    expect(await stateOf(id)).toBe('CAPTURED');
    expect(await test.balance('customer_available', customerId)).toBe(100_00n);
  });

  it('is cancelled by the customer only once the processor has let it go', async () => {
    const { id } = await start(await test.customer());
    await test.settle();
    test.card.unreachable = true;
    await test.transaction((tx) => test.payments.giveUpCardPayment.request(tx, id, 'CANCELLED'));
    await test.jobs.runPending();
    expect(await stateOf(id)).toBe('AWAITING_CUSTOMER');
    test.card.unreachable = false;
    test.clock.advance(HOUR);
    await test.settle();
    expect(await stateOf(id)).toBe('CANCELLED');
  });

  it('is opened and captured once although every answer of the processor is lost once', async () => {
    const customerId = await test.customer();
    const { id } = await start(customerId);
    test.card.loseNextAnswer = true;
    await test.settle();
    expect(await stateOf(id)).toBe('CREATED');
    test.clock.advance(60_000);
    await test.settle();
    test.card.approve(id);
    test.card.loseNextAnswer = true;
    await test.settle();
    test.clock.advance(60_000);
    await test.settle();
    expect(await stateOf(id)).toBe('CAPTURED');
    expect([...test.card.payments.values()].filter(({ reference }) => reference === id)).toHaveLength(1);
    expect(await test.balance('customer_available', customerId)).toBe(100_00n);
  });

  it.each([
    ['asset_not_supported', { asset: 'BTC' }],
    ['amount_too_small', { amount: 1n }],
    ['amount_too_large', { amount: 10n ** 9n }],
    ['card_unknown', { cardId: '00000000-0000-7000-8000-000000000000' }],
  ])('is refused with %s, and leaves no row', async (code, more) => {
    const customerId = await test.customer();
    await expect(start(customerId, more)).rejects.toMatchObject({ code });
    const rows = await test.database.app.query('SELECT id FROM payments.card_payment WHERE customer_id = $1', [
      customerId,
    ]);
    expect(rows).toEqual([]);
  });
});

describe('a refund', () => {
  it('sets the money aside, and lets it go when the processor has paid', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    const { id } = await refund(payment.id, 40_00n);
    expect(await test.balance('customer_available', customerId)).toBe(60_00n);
    await test.settle();
    const before = await test.balance('card_receivable');
    test.card.finishRefund(id, 'succeeded');
    await test.settle();
    expect(before - (await test.balance('card_receivable'))).toBe(40_00n);
    expect(await test.balance('customer_hold', customerId)).toBe(0n);
    expect(await stateOf(payment.id)).toBe('CAPTURED');
    const rest = await refund(payment.id);
    expect(rest.amount).toBe(60_00n);
    await test.settle();
    test.card.finishRefund(rest.id, 'succeeded');
    await test.settle();
    expect(await stateOf(payment.id)).toBe('REFUNDED');
    expect(await activeValueHolds(test.database.app, customerId, test.clock.now())).toEqual([]);
    await expect(refund(payment.id)).rejects.toMatchObject({ code: 'refund_too_large' });
  });

  it('gives the money back when the schemes turn it down, and may be asked for again', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    const { id } = await refund(payment.id);
    await test.settle();
    test.card.finishRefund(id, 'failed');
    await test.settle();
    expect(await test.balance('customer_available', customerId)).toBe(100_00n);
    expect(await eventsOf(payment.id)).toContain('payments.card-refund-failed');
    expect((await refund(payment.id)).amount).toBe(100_00n);
  });

  it('is asked of the processor once although its answer is lost', async () => {
    const payment = await test.paid(await test.customer(), 100_00n);
    const { id } = await refund(payment.id);
    test.card.loseNextAnswer = true;
    await test.settle();
    test.clock.advance(60_000);
    await test.settle();
    expect([...test.card.refunds.values()].filter(({ reference }) => reference === id)).toHaveLength(1);
  });

  it('never exceeds what was paid, however many ask at once', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    const asked = await Promise.allSettled(Array.from({ length: 20 }, () => refund(payment.id, 30_00n)));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    expect(await test.balance('customer_available', customerId)).toBe(10_00n);
  });

  it('that the processor made by itself is taken from the customer', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    test.card.refundByItself(payment.id, 25_00);
    await test.settle();
    expect(await test.balance('customer_available', customerId)).toBe(75_00n);
    expect((await findCardPayment(test.database.app, payment.id))?.refunded).toBe(25_00n);
  });

  it('needs money that is there', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    await spend(customerId, 80_00n);
    await expect(refund(payment.id)).rejects.toMatchObject({ code: 'insufficient_funds' });
  });
});

/** The coins that it bought have left the house. */
const spend = async (customerId: string, amount: bigint): Promise<void> => {
  const legs = [
    debit(account('customer_available', 'USD', customerId), amount),
    credit(account('house_inventory', 'USD'), amount),
  ];
  await test.ledger.submit({ id: uuidV7(), kind: 'test.move', legs });
};

describe('a chargeback', () => {
  it('D15: after the coins left, books a debt, restricts the account, and the sums hold', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    await spend(customerId, 70_00n);
    const [receivable, losses] = [await test.balance('card_receivable'), await test.balance('chargeback_losses')];
    test.card.chargeBack(payment.id, 100_00);
    await test.settle();
    expect(await stateOf(payment.id)).toBe('CHARGED_BACK');
    expect(await test.balance('customer_available', customerId)).toBe(0n);
    expect(await test.balance('customer_debt', customerId)).toBe(70_00n);
    expect(receivable - (await test.balance('card_receivable'))).toBe(115_00n);
    expect((await test.balance('chargeback_losses')) - losses).toBe(15_00n);
    await expect(assertUnrestricted(test.database.app, customerId)).rejects.toMatchObject({
      code: 'customer_restricted',
    });
    await expect(start(customerId)).rejects.toMatchObject({ code: 'customer_restricted' });
    const told = await test.events.of('customer', customerId);
    expect(told.map(({ type, payload }) => [type, payload])).toContainEqual(['payments.customer-restricted', { customerId, reason: 'debt', asset: 'USD', amount: '70.00' }]); // prettier-ignore
    expect((await test.ledger.trialBalance()).isBalanced).toBe(true);
  });

  it('is paid off by what comes in next, and then the account is free again', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    await spend(customerId, 100_00n);
    test.card.chargeBack(payment.id, 100_00);
    await test.settle();
    const reference = await test.transaction((tx) => test.payments.depositReferences.standing(tx, customerId));
    test.bank.wire('USD', 60_00n, reference);
    await test.settle();
    expect(await test.balance('customer_debt', customerId)).toBe(40_00n);
    expect(await test.balance('customer_available', customerId)).toBe(0n);
    test.bank.wire('USD', 60_00n, reference);
    await test.settle();
    expect(await test.balance('customer_debt', customerId)).toBe(0n);
    expect(await test.balance('customer_available', customerId)).toBe(20_00n);
    await expect(assertUnrestricted(test.database.app, customerId)).resolves.toBeUndefined();
  });

  it('that is won gives back what was taken, and the debt is gone', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    await spend(customerId, 70_00n);
    const processorId = test.card.chargeBack(payment.id, 100_00);
    await test.settle();
    test.card.decideChargeback(processorId, 'won');
    await test.settle();
    expect(await stateOf(payment.id)).toBe('CAPTURED');
    expect(await test.balance('customer_available', customerId)).toBe(30_00n);
    expect(await test.balance('customer_debt', customerId)).toBe(0n);
    await expect(assertUnrestricted(test.database.app, customerId)).resolves.toBeUndefined();
  });

  it('that is lost stays, and its debt is collected from money that becomes free without payments hearing of it', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    await spend(customerId, 100_00n);
    const processorId = test.card.chargeBack(payment.id, 100_00);
    test.card.decideChargeback(processorId, 'lost');
    await test.settle();
    expect(await test.balance('customer_debt', customerId)).toBe(100_00n);
    await fund(test.ledger, account('customer_available', 'USD', customerId), 130_00n);
    await test.jobs.runSchedule('payments.collect-debts');
    expect(await test.balance('customer_debt', customerId)).toBe(0n);
    expect(await test.balance('customer_available', customerId)).toBe(30_00n);
  });

  it('on a frozen account becomes a debt as a whole', async () => {
    const customerId = await test.customer();
    const payment = await test.paid(customerId, 100_00n);
    const available = account('customer_available', 'USD', customerId);
    await test.transaction((tx) => test.ledger.freezeAccount(tx, available, { reason: 'a spec', by: 'spec' }));
    test.card.chargeBack(payment.id, 100_00);
    await test.settle();
    expect(await test.balance('customer_debt', customerId)).toBe(100_00n);
    expect(await test.balance('customer_available', customerId)).toBe(100_00n);
  });

  it('forbids a refund', async () => {
    const payment = await test.paid(await test.customer(), 100_00n);
    test.card.chargeBack(payment.id, 100_00);
    await test.settle();
    await expect(refund(payment.id)).rejects.toMatchObject({ code: 'not_refundable' });
  });
});
