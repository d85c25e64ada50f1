import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Money } from '@core/money';
import { uuidV7 } from '@base/database';
import { account } from '@platform/ledger';
import { fund } from '@platform/ledger/testing';
import { findDepositReferences, newDepositReference, spaced } from './deposit-reference.js';
import { standingFreezes } from './freezes.js';
import { SANDBOX_TERMS } from './terms.js';
import { createTestPayments, type TestPayments } from './testing/index.js';
import { follow } from './transitions.js';
import { placeValueHold } from './value-holds.js';
import { WITHDRAWAL, type WithdrawalEvent, type WithdrawalState } from './withdrawal.js';
import { findWithdrawal } from './withdrawals.js';

let test: TestPayments;
beforeAll(async () => {
  test = await createTestPayments({ max: 20 });
});
afterEach(() => {
  Object.assign(test.bank, { unreachable: false, loseNextAnswer: false, nameMatch: 'match', onPay: () => 'accepted' });
});
afterAll(async () => {
  const { isBalanced } = await test.ledger.trialBalance();
  await test.close();
  expect(isBalanced).toBe(true);
});

const FEE = 1_00n;

/** A customer with this much, and somebody to pay. */
const payer = async (amount: bigint) => {
  const customerId = await test.customer(amount);
  return { customerId, beneficiaryId: (await test.beneficiary(customerId)).id };
};
const ask = async (from: { customerId: string; beneficiaryId: string }, amount = 50_00n): Promise<string> =>
  (await test.transaction((tx) => test.payments.requestWithdrawal.run(tx, { ...from, asset: 'USD', amount }))).id;
const stateOf = async (id: string): Promise<WithdrawalState | undefined> =>
  (await findWithdrawal(test.database.app, id))?.state;
const available = (customerId: string): Promise<bigint> => test.balance('customer_available', customerId);
const orders = (id: string): number => [...test.bank.payments.keys()].filter((each) => each === id).length;

describe('a withdrawal', () => {
  it('sets money and fee aside, and pays, and earns the fee only then', async () => {
    const from = await payer(100_00n);
    const fees = await test.balance('fee_revenue');
    const id = await ask(from);
    expect(await available(from.customerId)).toBe(49_00n);
    await test.settle();
    expect([await stateOf(id), (await test.balance('fee_revenue')) - fees]).toEqual(['SUBMITTED', 0n]);
    test.bank.settle(id);
    await test.settle();
    expect([await stateOf(id), (await test.balance('fee_revenue')) - fees]).toEqual(['SETTLED', FEE]);
    expect(await test.balance('customer_hold', from.customerId)).toBe(0n);
  });

  it('that the bank rejects, at once or later, gives everything back', async () => {
    const from = await payer(200_00n);
    test.bank.onPay = () => 'rejected';
    const atOnce = await ask(from);
    await test.settle();
    test.bank.onPay = () => 'accepted';
    const later = await ask(from);
    await test.settle();
    test.bank.reject(later);
    await test.settle();
    expect([await stateOf(atOnce), await stateOf(later), await available(from.customerId)]).toEqual([
      'FAILED',
      'FAILED',
      200_00n,
    ]);
    expect((await findWithdrawal(test.database.app, later))?.failureCode).toBe('AC04');
  });

  it('that comes back gives the amount back, and the fee was earned', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await test.settle();
    test.bank.settle(id);
    test.bank.giveBack(id);
    await test.settle();
    expect([await stateOf(id), await available(from.customerId)]).toEqual(['RETURNED', 99_00n]);
  });

  it('whose return is heard of before anything else ends the same', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await test.jobs.runPending();
    test.bank.settle(id);
    test.bank.giveBack(id);
    for (const event of [...test.bank.events].reverse().slice(0, 5)) await test.deliver('bank', event);
    await test.settle();
    await test.payments.poll.bankLines(test.bank, test.payments.applyBankLine);
    expect([await stateOf(id), await available(from.customerId)]).toEqual(['RETURNED', 99_00n]);
  });

  it('is found on the statement when no event ever told of it', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await test.jobs.runPending();
    test.bank.settle(id);
    await test.payments.poll.bankLines(test.bank, test.payments.applyBankLine);
    expect(await stateOf(id)).toBe('SETTLED');
    await test.settle();
    expect(await stateOf(id)).toBe('SETTLED');
  });

  it('can be cancelled until the bank may know of it, and not after', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    const other = await test.customer();
    const cancel = (customerId: string, of: string) =>
      test.transaction((tx) => test.payments.decideWithdrawal.cancel(tx, customerId, of));
    await expect(cancel(other, id)).rejects.toMatchObject({ code: 'withdrawal_unknown' });
    await cancel(from.customerId, id);
    await test.settle();
    expect([await stateOf(id), await available(from.customerId), orders(id)]).toEqual(['CANCELLED', 100_00n, 0]);
    const late = await ask(from);
    test.bank.unreachable = true;
    await test.jobs.runPending();
    await expect(cancel(from.customerId, late)).rejects.toMatchObject({ code: 'withdrawal_state' });
  });

  it('of a large amount waits for a person, who lets it go or not', async () => {
    const from = await payer(200_000_00n);
    const [first, second] = [await ask(from, 60_000_00n), await ask(from, 70_000_00n)];
    await test.settle();
    expect([await stateOf(first), orders(first)]).toEqual(['HELD', 0]);
    await test.transaction((tx) => test.payments.decideWithdrawal.approve(tx, first));
    await test.transaction((tx) => test.payments.decideWithdrawal.refuse(tx, second, 'not_convinced'));
    await test.settle();
    expect([await stateOf(first), await stateOf(second)]).toEqual(['SUBMITTED', 'FAILED']);
    expect(await available(from.customerId)).toBe(200_000_00n - 60_001_00n);
  });

  it.each([
    ['amount_too_small', { amount: 1n }],
    ['amount_too_large', { amount: 10n ** 12n }],
    ['insufficient_funds', { amount: 99_01n }],
    ['asset_not_supported', { asset: 'BTC' as const }],
    ['beneficiary_unknown', { asset: 'EUR' as const }],
  ])('is refused with %s, and nothing is set aside', async (code, more) => {
    const from = await payer(100_00n);
    const asked = { ...from, asset: 'USD' as const, amount: 50_00n, ...more };
    await expect(test.transaction((tx) => test.payments.requestWithdrawal.run(tx, asked))).rejects.toMatchObject({
      code,
    });
    expect(await available(from.customerId)).toBe(100_00n);
  });

  it('H7: 200 at once out of one balance: exactly what fits, nothing else, and no error but the refusal', async () => {
    const from = await payer(10n * 51_00n + 50_00n);
    const asked = await Promise.allSettled(Array.from({ length: 200 }, () => ask(from)));
    const refusals = asked
      .filter(({ status }) => status === 'rejected')
      .map((each) => (each as { reason: { code: string } }).reason.code);
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(new Set(refusals)).toEqual(new Set(['insufficient_funds']));
    expect(await available(from.customerId)).toBe(50_00n);
    expect(await test.balance('customer_hold', from.customerId)).toBe(510_00n);
  });
});

describe('between storing, ordering and settling', () => {
  it.each([
    ['the bank cannot be reached', () => (test.bank.unreachable = true)],
    ['the bank has paid and its answer is lost', () => (test.bank.loseNextAnswer = true)],
  ])('%s: the order is repeated under its id and paid once', async (_what, break_) => {
    const from = await payer(100_00n);
    const id = await ask(from);
    break_();
    await test.jobs.runPending();
    expect(await stateOf(id)).toBe('SUBMITTING');
    test.bank.unreachable = false;
    for (let again = 0; again < 3; again += 1) {
      test.clock.advance(3_600_000);
      await test.jobs.runSchedule('payments.chase-withdrawals');
      await test.settle();
    }
    expect([await stateOf(id), orders(id)]).toEqual(['SUBMITTED', 1]);
    test.bank.settle(id);
    await test.settle();
    expect([await stateOf(id), await available(from.customerId)]).toEqual(['SETTLED', 49_00n]);
  });

  it('a job that was lost altogether is found by the reaper', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await test.database.owner.query(`DELETE FROM base.outbox WHERE payload -> 'data' ->> 'withdrawalId' = $1`, [id]);
    test.clock.advance(120_000);
    await test.jobs.runSchedule('payments.chase-withdrawals');
    expect([await stateOf(id), orders(id)]).toEqual(['SUBMITTED', 1]);
  });

  it('two workers at the same moment order once', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await Promise.all(Array.from({ length: 10 }, () => test.payments.submitWithdrawal.run(id)));
    expect([await stateOf(id), orders(id)]).toEqual(['SUBMITTED', 1]);
    await test.settle();
  });

  it('a bank that settles what it had rejected is not believed: the event is kept as failed and the customer frozen', async () => {
    const from = await payer(100_00n);
    const id = await ask(from);
    await test.settle();
    test.bank.reject(id);
    await test.settle();
    test.bank.settle(id);
    await test.settle();
    expect([await stateOf(id), await available(from.customerId)]).toEqual(['FAILED', 100_00n]);
    const freezes = await standingFreezes(test.database.app, 50);
    expect(freezes).toContainEqual(
      expect.objectContaining({ scope: 'customer', subject: from.customerId, reason: 'contradiction' }),
    );
    await expect(ask(from)).rejects.toMatchObject({ code: 'customer_restricted' });
  });
});

describe('the table of transitions', () => {
  it('has no other way than those written down, and every state has an exit or is an end', () => {
    const states = Object.keys(WITHDRAWAL) as WithdrawalState[];
    const events: WithdrawalEvent[] = [
      'hold',
      'approve',
      'refuse',
      'cancel',
      'submit',
      'accepted',
      'settled',
      'rejected',
      'returned',
    ];
    const ways = states.flatMap((from) =>
      events.flatMap((event) =>
        follow(WITHDRAWAL, from, event) ? [`${from} ${event} ${follow(WITHDRAWAL, from, event)}`] : [],
      ),
    );
    expect(ways).toEqual([
      'REQUESTED hold HELD',
      'REQUESTED cancel CANCELLED',
      'REQUESTED submit SUBMITTING',
      'HELD approve REQUESTED',
      'HELD refuse FAILED',
      'HELD cancel CANCELLED',
      'SUBMITTING accepted SUBMITTED',
      'SUBMITTING settled SETTLED',
      'SUBMITTING rejected FAILED',
      'SUBMITTING returned RETURNED',
      'SUBMITTED settled SETTLED',
      'SUBMITTED rejected FAILED',
      'SUBMITTED returned RETURNED',
      'SETTLED returned RETURNED',
    ]);
  });
});

describe('a beneficiary', () => {
  it.each([
    ['match', 'ACTIVE', null],
    ['close_match', 'UNDER_REVIEW', 'name_close'],
    ['no_match', 'UNDER_REVIEW', 'name_differs'],
    ['unknown_account', 'DISABLED', 'account_unknown'],
  ] as const)('whose bank says %s becomes %s', async (nameMatch, state, review) => {
    test.bank.nameMatch = nameMatch;
    const customerId = await test.customer();
    const { id } = await test.beneficiary(customerId);
    const [row] = await test.database.app.query<{ state: string; review: string | null }>(
      'SELECT state, review FROM payments.beneficiary WHERE id = $1',
      [id],
    );
    expect(row).toEqual({ state, review });
  });
});

describe('value holds', () => {
  it('a withdrawal is allowed exactly when what is left covers every active hold', async () => {
    const customerId = await test.customer();
    const holds = fc.array(
      fc.record({ amount: fc.bigInt({ min: 1n, max: 500n }), hours: fc.integer({ min: -5, max: 5 }) }),
      { maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(
        holds,
        fc.bigInt({ min: 0n, max: 1_500n }),
        fc.bigInt({ min: 1n, max: 1_500n }),
        async (placed, has, wants) => {
          const id = uuidV7();
          if (has > 0n) await fund(test.ledger, account('customer_available', 'USD', id), has);
          const now = test.clock.now();
          const allowed = await test.transaction(async (tx) => {
            await test.payments.depositReferences.standing(tx, id);
            for (const { amount, hours } of placed) {
              const [startsAt, expiresAt] = [
                new Date(now.getTime() - 10 * 3_600_000),
                new Date(now.getTime() + hours * 3_600_000),
              ];
              await placeValueHold(tx, {
                customerId: id,
                asset: 'USD',
                amount,
                reason: 'card_payment',
                source: 'card-payment',
                sourceId: uuidV7(),
                startsAt,
                expiresAt,
              });
            }
            const money: Money = { asset: 'USD', minor: wants };
            return test.payments.withdrawable.assert(tx, id, money).then(() => true, () => false); // prettier-ignore
          });
          const must = placed.filter(({ hours }) => hours > 0).reduce((sum, { amount }) => sum + amount, 0n);
          expect(allowed).toBe(must === 0n || has - wants >= must);
        },
      ),
      { numRuns: 40 },
    );
    expect(await available(customerId)).toBe(0n);
  });

  it('keep a card deposit in for three days, but not what was there besides', async () => {
    const from = await payer(60_00n);
    await test.paid(from.customerId, 100_00n);
    await expect(ask(from, 60_00n)).rejects.toMatchObject({ code: 'funds_on_hold' });
    await ask(from, 59_00n);
    await expect(ask(from, 10_00n)).rejects.toMatchObject({ code: 'funds_on_hold' });
    test.clock.advance(SANDBOX_TERMS.card.firstUseHoldMs + 1);
    await ask(from, 90_00n);
  });
});

describe('a deposit reference', () => {
  it('is found however people write it, and a digit mistaken for another finds nobody', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 12 }),
        fc.constantFrom(' ', '-', '', '.'),
        fc.boolean(),
        (noise, gap, lower) => {
          const reference = newDepositReference();
          const written = spaced(reference).replaceAll(' ', gap);
          const clean = noise.replace(/[A-Za-z0-9]/g, '');
          expect(findDepositReferences(`${clean}${lower ? written.toLowerCase() : written}${clean}`)).toContain(
            reference,
          );
          const at = [...reference].findIndex((sign, index) => index > 1 && /\d/.test(sign));
          const slip = reference.slice(0, at) + String((Number(reference[at]) + 1) % 10) + reference.slice(at + 1);
          expect(findDepositReferences(slip)).not.toContain(slip);
        },
      ),
    );
  });
});
