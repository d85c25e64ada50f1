import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { formatAmount } from '@core/money';
import { type AssetCode } from '@core/money';
import { account } from '@platform/ledger';
import { ORDER_STATES, ORDER_TABLE, readReceipt } from './index.js';
import { createTestBrokerage, type TestBrokerage } from './testing/index.js';

let t: TestBrokerage;

beforeAll(async () => {
  t = await createTestBrokerage();
});
afterAll(async () => {
  await conserved();
  await t.close();
});
beforeEach(() => t.prices());

const conserved = async (): Promise<void> => {
  expect((await t.ledger.trialBalance()).isBalanced).toBe(true);
};
const usd = (text: string): bigint => t.major(text, 'USD');
const btc = (text: string): bigint => t.major(text, 'BTC');

describe('buying from the balance', () => {
  it('moves money, coins, fee and spread in one transfer, and leaves nothing held', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const before = await Promise.all([
      t.house('USD'),
      t.house('BTC'),
      t.revenue('fee_revenue', 'USD'),
      t.revenue('spread_revenue', 'USD'),
    ]);
    const quote = await t.quote({ customerId: who, amount: '100.00' });
    const order = await t.order(who, quote.id);
    expect(order.state).toBe('SETTLED');
    const out = order.execution?.outAmount ?? 0n;
    expect(out).toBe(quote.priced.outAmount);
    expect([await t.available(who, 'USD'), await t.held(who, 'USD'), await t.available(who, 'BTC')]).toEqual([
      usd('900.00'),
      0n,
      out,
    ]);
    const after = await Promise.all([
      t.house('USD'),
      t.house('BTC'),
      t.revenue('fee_revenue', 'USD'),
      t.revenue('spread_revenue', 'USD'),
    ]);
    expect(after.map((value, at) => value - (before[at] ?? 0n))).toEqual([
      quote.priced.principal,
      -out,
      quote.priced.fee,
      quote.priced.spread,
    ]);
    const transfer = await t.ledger.transfer(order.execution?.transferId ?? '');
    expect(transfer).toMatchObject({ kind: 'brokerage.buy', group: order.id });
    expect(transfer?.entries).toHaveLength(6);
  });

  it('gives a receipt that says what was booked and never changes', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, amount: '100.00' });
    const order = await t.order(who, quote.id);
    const receipt = await readReceipt(t.database, order.id);
    expect(receipt.body).toMatchObject({
      gave: { asset: 'USD', amount: '100.00' },
      received: { asset: 'BTC', amount: formatAmount(quote.priced.outAmount, 'BTC') },
      mid: '60000.00000000',
      fees: [{ code: 'fee', amount: '1.49', asset: 'USD' }],
      ledgerTransferId: order.execution?.transferId,
      withdrawableAfter: null,
    });
    await expect(t.database.query(`UPDATE brokerage.receipt SET body = '{}'`)).rejects.toThrow('permission denied');
    await expect(t.testDatabase.owner.query(`UPDATE brokerage.receipt SET body = '{}'`)).rejects.toThrow(
      'never changed',
    );
  });

  it('sells and swaps against the same house, back and forth, and never at a profit', async () => {
    const who = await t.customer({ USD: '10000.00' });
    const convert = async (
      profile: 'BUY' | 'SELL' | 'SWAP_INTERNAL',
      from: AssetCode,
      to: AssetCode,
    ): Promise<void> => {
      const amount = formatAmount(await t.available(who, from), from);
      const quote = await t.quote({ customerId: who, profile, from, to, amount });
      expect((await t.order(who, quote.id)).state).toBe('SETTLED');
    };
    await convert('BUY', 'USD', 'BTC');
    await convert('SWAP_INTERNAL', 'BTC', 'ETH');
    await convert('SWAP_INTERNAL', 'ETH', 'BTC');
    await convert('SELL', 'BTC', 'USD');
    expect([await t.available(who, 'BTC'), await t.available(who, 'ETH')]).toEqual([0n, 0n]);
    const left = await t.available(who, 'USD');
    expect(left < usd('9800.00') && left > usd('9300.00')).toBe(true);
    await conserved();
  });

  it('exact out gives what was named', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, mode: 'EXACT_OUT', amount: '0.01000000' });
    const order = await t.order(who, quote.id);
    expect(await t.available(who, 'BTC')).toBe(btc('0.01'));
    expect(await t.available(who, 'USD')).toBe(usd('1000.00') - order.quote.priced.inAmount);
  });

  it('refuses what the balance does not hold, and the quote stays open', async () => {
    const who = await t.customer({ USD: '50.00' });
    const quote = await t.quote({ customerId: who, amount: '100.00' });
    expect(await t.refusalOf(t.order(who, quote.id))).toBe('422 insufficient_funds');
    expect((await t.brokerage.quotes.read(t.database, quote.id, who)).quote.state).toBe('OPEN');
  });

  it.each([
    [{ profile: 'BUY', from: 'USD', to: 'USDC' }, '422 pair_not_offered'],
    [{ profile: 'SELL', from: 'USD', to: 'BTC' }, '422 pair_not_offered'],
    [{ profile: 'SELL', from: 'BTC', to: 'USD', method: 'CARD', amount: '1.0' }, '422 method_not_offered'],
    [{ amount: '4.99' }, '422 amount_too_small'],
    [{ amount: '0.01' }, '422 amount_too_small'],
    [{ amount: '0' }, '422 amount_too_small'],
    [{ amount: '250000.01' }, '422 amount_too_large'],
    [{ profile: 'SELL', from: 'BTC', to: 'USD', amount: '4000' }, '422 amount_too_large'],
    [{ profile: 'SELL', from: 'BTC', to: 'USD', amount: '9999999999' }, '422 amount_too_large'],
    [{ profile: 'SELL', from: 'BTC', to: 'USD', mode: 'EXACT_OUT', amount: '900000000.00' }, '422 amount_too_large'],
    [{ profile: 'BUY', mode: 'EXACT_OUT', amount: '4000' }, '422 amount_too_large'],
  ] as const)('refuses to quote %j', async (input, refusal) => {
    expect(await t.refusalOf(t.quote({ customerId: await t.customer(), amount: '100.00', ...input }))).toBe(refusal);
  });
});

describe('a quote', () => {
  it('scenario 2: is good until its last moment, and afterwards takes no limit', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const [early, late] = [
      await t.quote({ customerId: who, amount: '10.00' }),
      await t.quote({ customerId: who, amount: '10.00', method: 'CARD' }),
    ];
    t.pass(30_000 - 10);
    expect((await t.order(who, early.id)).state).toBe('SETTLED');
    t.pass(90_010 + 2_100);
    expect(await t.refusalOf(t.order(who, late.id))).toBe('409 quote_expired');
    expect(await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1', [who])).toEqual([]);
  });

  it('D17: is used before its expiry by the server, to the millisecond', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const [before, at, after] = [await t.quote({ customerId: who, amount: '10.00' }), await t.quote({ customerId: who, amount: '10.00' }), await t.quote({ customerId: who, amount: '10.00' })]; // prettier-ignore
    t.pass(29_999);
    expect((await t.order(who, before.id)).state).toBe('SETTLED');
    t.pass(1);
    expect(await t.refusalOf(t.order(who, at.id))).toBe('409 quote_expired');
    t.pass(1);
    expect(await t.refusalOf(t.order(who, after.id))).toBe('409 quote_expired');
  });

  it('D17: is used once, however many try at once', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, amount: '10.00' });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => t.refusalOf(t.order(who, quote.id))));
    expect(outcomes.sort()).toEqual([...Array<string>(19).fill('409 quote_used'), 'done']);
    expect(await t.available(who, 'USD')).toBe(usd('990.00'));
  });

  it('D17: is nobody else’s', async () => {
    const [who, other] = [await t.customer({ USD: '1000.00' }), await t.customer({ USD: '1000.00' })];
    const quote = await t.quote({ customerId: who, amount: '10.00' });
    expect(await t.refusalOf(t.order(other, quote.id))).toBe('404 quote_not_found');
    expect((await t.order(who, quote.id)).state).toBe('SETTLED');
  });

  it('that was altered in the database buys nothing', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, amount: '10.00' });
    await t.testDatabase.owner.query('UPDATE brokerage.quote SET out_amount = out_amount * 100 WHERE id = $1', [
      quote.id,
    ]);
    await expect(t.order(who, quote.id)).rejects.toThrow('signature');
    expect(await t.available(who, 'USD')).toBe(usd('1000.00'));
  });

  it('scenario 3: silent sources stop new quotes; what was promised is honoured', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const quote = await t.quote({ customerId: who, amount: '10.00' });
    t.pass(4_000);
    expect(await t.refusalOf(t.quote({ customerId: who, amount: '10.00' }))).toBe('503 price_unavailable');
    expect((await t.order(who, quote.id)).state).toBe('SETTLED');
  });

  it('scenario 4: two sources 150 bps apart stop new quotes', async () => {
    const who = await t.customer({ USD: '1000.00' });
    t.pass(4_000);
    t.sources.say('alpha', 'BTC-USD', '60000');
    t.sources.say('bravo', 'BTC-USD', '60900');
    expect(await t.refusalOf(t.quote({ customerId: who, amount: '10.00' }))).toBe('503 price_unavailable');
  });

  it('expires by the reaper, and is voided by the kill switch, which also closes the pair', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const [old, open] = [
      await t.quote({ customerId: who, amount: '10.00' }),
      await t.quote({ customerId: who, amount: '10.00', method: 'CARD' }),
    ];
    t.pass(31_000);
    await t.jobs.runSchedule('brokerage.expire-quotes');
    t.prices();
    expect((await t.brokerage.quotes.read(t.database, old.id, who)).quote.state).toBe('EXPIRED');
    await t.database.transaction((tx) =>
      t.brokerage.operateDesk.pause(tx, { pair: '*', reason: 'Drill.', operatorId: who }),
    );
    expect(await t.refusalOf(t.order(who, open.id))).toBe('409 quote_voided');
    expect(await t.refusalOf(t.quote({ customerId: who, amount: '10.00' }))).toBe('409 pair_paused');
    await t.database.transaction((tx) => t.brokerage.operateDesk.resume(tx, '*'));
    expect(await t.refusalOf(t.quote({ customerId: who, amount: '10.00' }))).toBe('done');
  });
});

describe('an order that is confirmed later', () => {
  it('holds the money meanwhile and gives it back when cancelled or timed out', async () => {
    const who = await t.customer({ USD: '100.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '60.00' })).id, {});
    expect([order.state, await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual([
      'CREATED',
      usd('40.00'),
      usd('60.00'),
    ]);
    await t.database.transaction((tx) => t.brokerage.endOrder.cancel(tx, order.id, who));
    expect([(await t.read(order.id)).state, await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual([
      'CANCELLED',
      usd('100.00'),
      0n,
    ]);
    const second = await t.order(who, (await t.quote({ customerId: who, amount: '60.00' })).id, {});
    t.pass(32_001);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect([(await t.read(second.id)).state, await t.available(who, 'USD')]).toEqual(['EXPIRED', usd('100.00')]);
  });

  it('is honoured for two seconds after its quote, and not longer', async () => {
    const who = await t.customer({ USD: '100.00' });
    const [first, second] = [await t.order(who, (await t.quote({ customerId: who, amount: '20.00' })).id, {}), await t.order(who, (await t.quote({ customerId: who, amount: '20.00' })).id, {})]; // prettier-ignore
    const confirm = (orderId: string) =>
      t.database.transaction((tx) => t.brokerage.confirmOrder.run(tx, { orderId, customerId: who }));
    t.pass(32_000);
    expect((await confirm(first.id)).state).toBe('SETTLED');
    t.pass(1);
    expect(await t.refusalOf(confirm(second.id))).toBe('409 quote_expired');
  });

  it('fails and gives the money back when the market has moved beyond the circuit breaker against the house', async () => {
    const who = await t.customer({ USD: '100.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '60.00' })).id, {});
    t.prices({ 'BTC-USD': '60901' });
    const confirmed = await t.database.transaction((tx) =>
      t.brokerage.confirmOrder.run(tx, { orderId: order.id, customerId: who }),
    );
    expect([confirmed.state, confirmed.reason]).toEqual(['FAILED', 'PRICE_MOVED']);
    expect([await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual([usd('100.00'), 0n]);
  });

  it('is honoured at a loss within the circuit breaker, and the loss is in the spread', async () => {
    const who = await t.customer({ USD: '1000.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '1000.00' })).id, {});
    const earned = await t.revenue('spread_revenue', 'USD');
    t.prices({ 'BTC-USD': '60900' });
    const confirmed = await t.database.transaction((tx) =>
      t.brokerage.confirmOrder.run(tx, { orderId: order.id, customerId: who }),
    );
    expect([confirmed.state, await t.available(who, 'BTC')]).toEqual(['SETTLED', order.quote.priced.outAmount]);
    const spread = confirmed.execution?.spread ?? 0n;
    expect(spread < 0n && (await t.revenue('spread_revenue', 'USD')) - earned === spread).toBe(true);
  });
});

describe('buying by card', () => {
  const buy = async (who: string, amount = '100.00', toleranceBps = 100) => {
    const order = await t.order(who, (await t.quote({ customerId: who, amount, method: 'CARD' })).id, {
      confirm: true,
      toleranceBps,
    });
    const request = t.payments.cards.find(({ orderId }) => orderId === order.id);
    if (!request) throw new Error('no card payment was started');
    return { order, request };
  };

  it('waits for the capture, executes, holds the value for three days, settles', async () => {
    const who = await t.customer();
    const { order, request } = await buy(who);
    expect([order.state, order.paymentId]).toEqual(['AWAITING_PAYMENT', request.paymentId]);
    const executed = await t.capture(request);
    expect([executed.state, await t.available(who, 'BTC'), await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual(['EXECUTED', order.quote.priced.outAmount, 0n, 0n]); // prettier-ignore
    expect(executed.heldUntil).toEqual(new Date(t.clock.now().getTime() + 3 * 86_400_000));
    t.pass(3 * 86_400_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(order.id)).state).toBe('SETTLED');
  });

  it('scenario 5: an abandoned 3-D Secure page expires the order after 15 minutes and frees the limit', async () => {
    const who = await t.customer();
    const { order, request } = await buy(who);
    t.pass(15 * 60_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(order.id)).state).toBe('EXPIRED');
    expect(t.payments.cancelled).toContain(request.paymentId);
    expect(
      await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1 AND freed_at IS NULL', [who]),
    ).toEqual([]);
  });

  it('a capture that comes after the order expired is the customer’s cash, and counts against the limit', async () => {
    const who = await t.customer();
    const { order, request } = await buy(who);
    t.pass(15 * 60_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    await t.capture(request);
    expect([(await t.read(order.id)).state, await t.available(who, 'USD'), await t.held(who, 'USD')]).toEqual([
      'EXPIRED',
      usd('100.00'),
      0n,
    ]);
    expect(
      await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1 AND freed_at IS NULL', [who]),
    ).toHaveLength(1);
  });

  it('a declined card fails the order and frees the limit', async () => {
    const who = await t.customer();
    const { order } = await buy(who);
    await t.database.transaction((tx) => t.brokerage.receivePayment.declined(tx, order.id, 'insufficient_funds'));
    expect(await t.read(order.id)).toMatchObject({ state: 'FAILED', reason: 'insufficient_funds' });
    expect(
      await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1 AND freed_at IS NULL', [who]),
    ).toEqual([]);
  });

  it('scenario 6: captured, then the price moves 200 bps: the cash stays, nothing is lost', async () => {
    const who = await t.customer();
    const { request } = await buy(who);
    t.prices({ 'BTC-USD': '61200' });
    const order = await t.capture(request);
    expect([order.state, order.reason]).toEqual(['FAILED', 'PRICE_MOVED']);
    expect([await t.available(who, 'USD'), await t.held(who, 'USD'), await t.available(who, 'BTC')]).toEqual([
      usd('100.00'),
      0n,
      0n,
    ]);
    expect(
      await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1 AND freed_at IS NULL', [who]),
    ).toHaveLength(1);
  });

  it('a late capture is priced anew: within the tolerance it executes, beyond it the customer is asked', async () => {
    const [lucky, asked] = [await t.customer(), await t.customer()];
    const [one, two] = [await buy(lucky), await buy(asked)];
    t.pass(125_000);
    t.prices({ 'BTC-USD': '60300' });
    const executed = await t.capture(one.request);
    expect(executed.state).toBe('EXECUTED');
    expect((executed.execution?.outAmount ?? 0n) < one.order.quote.priced.outAmount).toBe(true);
    t.prices({ 'BTC-USD': '62000' });
    const waiting = await t.capture(two.request);
    expect([waiting.state, await t.available(asked, 'USD'), await t.held(asked, 'USD')]).toEqual([
      'AWAITING_REPRICE',
      usd('100.00'),
      0n,
    ]);

    const accept = (minimumOut: string) =>
      t.database.transaction((tx) =>
        t.brokerage.acceptReprice.run(tx, { orderId: waiting.id, customerId: asked, minimumOut }),
      );
    expect(await t.refusalOf(accept('0.00170000'))).toBe('409 order_value_changed');
    const accepted = await accept('0.00150000');
    expect([accepted.state, await t.available(asked, 'USD')]).toEqual(['EXECUTED', 0n]);
    expect(await t.refusalOf(accept('0.00150000'))).toBe('409 order_state');
  });

  it('an order that waits for acceptance can be declined, or expires after a day; the cash stays', async () => {
    for (const ending of ['decline', 'expire'] as const) {
      t.prices();
      const who = await t.customer();
      const { request } = await buy(who);
      t.pass(125_000);
      t.prices({ 'BTC-USD': '65000' });
      const waiting = await t.capture(request);
      if (ending === 'decline') await t.database.transaction((tx) => t.brokerage.endOrder.cancel(tx, waiting.id, who));
      else {
        t.pass(86_400_000);
        await t.jobs.runSchedule('brokerage.reap-orders');
        t.prices();
      }
      expect([(await t.read(waiting.id)).state, await t.available(who, 'USD')]).toEqual([
        ending === 'decline' ? 'CANCELLED' : 'EXPIRED',
        usd('100.00'),
      ]);
    }
  });

  it('a late capture while there is no price waits, and executes when there is one; after 15 minutes the cash is given back', async () => {
    const [patient, unlucky] = [await t.customer(), await t.customer()];
    const [one, two] = [await buy(patient), await buy(unlucky)];
    t.pass(125_000);
    expect((await t.capture(one.request)).state).toBe('FUNDED');
    expect((await t.capture(two.request)).state).toBe('FUNDED');
    t.pass(2_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(one.order.id)).state).toBe('FUNDED');
    t.prices();
    t.pass(2_000);
    t.prices();
    await t.database.query('UPDATE brokerage.orders SET deadline_at = NULL WHERE id = $1', [two.order.id]);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(one.order.id)).state).toBe('EXECUTED');
    await t.database.query('UPDATE brokerage.orders SET deadline_at = $2 WHERE id = $1', [two.order.id, t.clock.now()]);
    t.pass(15 * 60_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect(await t.read(two.order.id)).toMatchObject({ state: 'FAILED', reason: 'PRICE_UNAVAILABLE' });
    expect(await t.available(unlucky, 'USD')).toBe(usd('100.00'));
  });

  it('a large one that the issuer does not stand for is reviewed: cleared it executes, rejected or left it is refunded', async () => {
    const [good, bad, left] = [await t.customer(), await t.customer(), await t.customer()];
    const review = async (who: string) => {
      const { order, request } = await buy(who, '1500.00');
      expect((await t.capture(request, false)).state).toBe('PAYMENT_REVIEW');
      return { order, request };
    };
    const first = await review(good);
    const cleared = await t.database.transaction((tx) =>
      t.brokerage.reviewOrder.clear(tx, first.order.id, 'operator:1'),
    );
    expect([cleared.state, await t.held(good, 'USD')]).toEqual(['EXECUTED', 0n]);
    const second = await review(bad);
    await t.database.transaction((tx) =>
      t.brokerage.reviewOrder.reject(tx, second.order.id, { actor: 'operator:1', reason: 'STOLEN_CARD' }),
    );
    expect(t.payments.refunds).toContain(second.request.paymentId);
    await t.database.transaction((tx) => t.brokerage.receivePayment.refunded(tx, second.order.id));
    expect((await t.read(second.order.id)).state).toBe('REFUNDED');
    expect(
      await t.database.query('SELECT FROM brokerage.limit_use WHERE customer_id = $1 AND freed_at IS NULL', [bad]),
    ).toEqual([]);
    const third = await review(left);
    t.pass(3 * 86_400_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(third.order.id)).state).toBe('REFUND_PENDING');
  });

  it('D15: charged back after the coins were bought: reversed, and what is still there is sold to repay the debt, no more', async () => {
    const who = await t.customer();
    const { order, request } = await buy(who);
    await t.capture(request);
    // Payments finds nothing in the currency, so all of it becomes the customer's debt.
    await owe(who, '100.00');
    await t.database.transaction((tx) => t.brokerage.reverseOrder.chargedBack(tx, order.id, 'event-1'));
    await t.database.transaction((tx) => t.brokerage.reverseOrder.chargedBack(tx, order.id, 'event-1'));
    expect(await t.read(order.id)).toMatchObject({ state: 'REVERSED', reversal: 'USER_DEBT' });
    t.prices({ 'BTC-USD': '90000' });
    await t.jobs.runPending();
    expect(await t.read(order.id)).toMatchObject({ state: 'REVERSED', reversal: 'CLAWED_BACK' });
    expect(await t.ledger.balance(account('customer_debt', 'USD', who))).toBe(0n);
    const kept = await t.available(who, 'BTC');
    expect(kept > 0n && kept < order.quote.priced.outAmount).toBe(true);
  });

  it('D15: charged back after the coins left: the debt stays, and a dispute that is won ends it', async () => {
    const who = await t.customer();
    const { order, request } = await buy(who);
    await t.capture(request);
    await t.database.transaction(async (tx) => {
      const legs = [{ account: account('customer_available', 'BTC', who), amount: order.quote.priced.outAmount }, { account: account('withdrawals_payable', 'BTC'), amount: -order.quote.priced.outAmount }]; // prettier-ignore
      await t.ledger.post(tx, { id: crypto.randomUUID(), kind: 'test.move', legs });
    });
    await owe(who, '100.00');
    await t.database.transaction((tx) => t.brokerage.reverseOrder.chargedBack(tx, order.id, 'event-2'));
    await t.jobs.runPending();
    expect(await t.read(order.id)).toMatchObject({ state: 'REVERSED', reversal: 'USER_DEBT' });
    await t.database.transaction((tx) => t.brokerage.reverseOrder.won(tx, order.id));
    expect(await t.read(order.id)).toMatchObject({ reversal: 'WON' });
  });

  const owe = (who: string, amount: string): Promise<unknown> =>
    t.ledger.submit({
      id: crypto.randomUUID(),
      kind: 'test.move',
      legs: [
        { account: account('customer_debt', 'USD', who), amount: usd(amount) },
        { account: account('chargeback_liability', 'USD'), amount: -usd(amount) },
      ],
    });
});

describe('buying by bank transfer', () => {
  const credit = (orderId: string, amount: bigint) =>
    t.database.transaction((tx) =>
      t.brokerage.receivePayment.received(tx, { orderId, amount, holdId: null, liabilityShifted: null }),
    );

  it('is indicative: priced when the money arrives, days later', async () => {
    const who = await t.customer();
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '500.00', method: 'BANK' })).id);
    expect([order.state, order.quote.priceMode]).toEqual(['AWAITING_PAYMENT', 'INDICATIVE']);
    expect(t.payments.bank.at(-1)).toMatchObject({ orderId: order.id, amount: usd('500.00') });
    t.pass(2 * 86_400_000);
    t.prices({ 'BTC-USD': '60200' });
    await fundUsd(who, '500.00');
    const executed = await credit(order.id, usd('500.00'));
    expect([executed.state, executed.execution?.mid.numerator]).toEqual(['SETTLED', 60_200n]);
  });

  it('too little leaves the cash in the balance; nothing in ten days expires the order', async () => {
    const who = await t.customer();
    const short = await t.order(who, (await t.quote({ customerId: who, amount: '500.00', method: 'BANK' })).id);
    await fundUsd(who, '499.99');
    expect(await credit(short.id, usd('499.99'))).toMatchObject({ state: 'FAILED', reason: 'UNDERPAID' });
    expect(await t.available(who, 'USD')).toBe(usd('499.99'));
    const never = await t.order(who, (await t.quote({ customerId: who, amount: '500.00', method: 'BANK' })).id);
    t.pass(10 * 86_400_000);
    await t.jobs.runSchedule('brokerage.reap-orders');
    expect((await t.read(never.id)).state).toBe('EXPIRED');
  });

  const fundUsd = (who: string, amount: string): Promise<unknown> =>
    t.ledger.submit({
      id: crypto.randomUUID(),
      kind: 'test.fund',
      legs: [{ account: account('bank_nostro', 'USD'), amount: usd(amount) }, { account: account('customer_available', 'USD', who), amount: -usd(amount) }], // prettier-ignore
    });
});

describe('the order table', () => {
  it('leads from every state but the final ones to a final one, and each transition leaves its history', async () => {
    const final = ORDER_STATES.filter((state) => Object.keys(ORDER_TABLE[state]).length === 0);
    expect(final).toEqual(['FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED', 'REVERSED']);
    const leadsOut = (state: (typeof ORDER_STATES)[number], seen: string[] = []): boolean =>
      state === 'SETTLED' ||
      final.includes(state) ||
      Object.values(ORDER_TABLE[state]).some((to) => !seen.includes(to) && leadsOut(to, [...seen, state]));
    expect(ORDER_STATES.filter((state) => !leadsOut(state))).toEqual([]);
    const who = await t.customer({ USD: '100.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '20.00' })).id);
    const history = await t.brokerage.orders.history(t.database, order.id);
    expect(history.map(({ version, event, state }) => `${version} ${event} ${state}`)).toEqual(['1 create CREATED', '2 fund FUNDED', '3 execute EXECUTED', '4 settle SETTLED']); // prettier-ignore
    expect((await t.events.of('brokerage-order', order.id)).map(({ type }) => type)).toEqual(['brokerage.order-created', 'brokerage.order-funded', 'brokerage.order-executed', 'brokerage.order-settled']); // prettier-ignore
  });

  it('an illegal transition is a 409 and changes nothing', async () => {
    const who = await t.customer({ USD: '100.00' });
    const order = await t.order(who, (await t.quote({ customerId: who, amount: '20.00' })).id);
    expect(await t.refusalOf(t.database.transaction((tx) => t.brokerage.endOrder.cancel(tx, order.id, who)))).toBe(
      '409 order_state',
    );
    expect((await t.read(order.id)).version).toBe(4);
    expect(
      await t.refusalOf(
        t.database.transaction(async (tx) => t.brokerage.endOrder.cancel(tx, order.id, await t.customer())),
      ),
    ).toBe('404 order_not_found');
  });
});
