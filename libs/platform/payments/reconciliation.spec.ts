import { afterAll, beforeEach, afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { uuidV5, uuidV7 } from '@base/database';
import { account, credit, debit } from '@platform/ledger';
import { standingFreezes } from './freezes.js';
import { balanceBreak, compare, type LedgerItem, type OutsideItem } from './reconciliation.js';
import { itemsOfRun } from './reconciliations.js';
import { createTestPayments, type TestPayments } from './testing/index.js';

const NOW = new Date('2026-06-01T00:00:00Z');
const rules = { now: NOW, graceMs: 600_000 };
const ago = (ms: number): Date => new Date(NOW.getTime() - ms);

describe('comparing two books', () => {
  it('whatever is missing or altered on either side: pairs are one to one, everything is accounted for, and what is open explains the balances', () => {
    const movement = fc.record({
      n: fc.integer({ min: 0, max: 40 }),
      amount: fc.bigInt({ min: -500n, max: 500n }).filter((amount) => amount !== 0n),
      ageMs: fc.integer({ min: 0, max: 86_400_000 }),
      outside: fc.boolean(),
      ledger: fc.boolean(),
      wrong: fc.boolean(),
      referenced: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.uniqueArray(movement, { selector: ({ n }) => n, maxLength: 40 }), (movements) => {
        const transfer = (n: number): string => uuidV5('spec', n);
        const outside: OutsideItem[] = movements
          .filter((each) => each.outside)
          .map(({ n, amount, ageMs, referenced }) => ({
            id: `ln_${n}`,
            amount,
            at: ago(ageMs),
            transferId: referenced ? transfer(n) : null,
          }));
        const ledger: LedgerItem[] = movements
          .filter((each) => each.ledger)
          .map(({ n, amount, ageMs, wrong }) => ({
            transferId: transfer(n),
            amount: wrong ? amount + 1_000n : amount,
            at: ago(ageMs),
          }));
        const result = compare(outside, ledger, rules);
        const outsideIds = [
          ...result.matches.map(({ outsideId }) => outsideId),
          ...result.open.flatMap(({ outsideId }) => outsideId ?? []),
        ];
        expect(outsideIds.sort()).toEqual(outside.map(({ id }) => id).sort());
        const matched = result.matches.map(({ transferId }) => transferId);
        const unmatched = result.open
          .filter(({ ledgerAmount }) => ledgerAmount !== null)
          .map(({ transferId }) => transferId);
        expect([...matched, ...unmatched].sort()).toEqual(ledger.map(({ transferId }) => transferId).sort());
        for (const { outsideId, transferId } of result.matches) {
          expect(outside.find(({ id }) => id === outsideId)?.amount).toBe(
            ledger.find((entry) => entry.transferId === transferId)?.amount,
          );
        }
        const sum = (items: readonly { amount: bigint }[]): bigint =>
          items.reduce((total, { amount }) => total + amount, 0n);
        expect(balanceBreak(result, { outside: sum(outside), ledger: sum(ledger), now: NOW })).toBeUndefined();
        expect(balanceBreak(result, { outside: sum(outside) + 1n, ledger: sum(ledger), now: NOW })?.reason).toBe(
          'balance_differs',
        );
      }),
    );
  });

  it('what is young is on its way, what is old is a break, and a wrong amount is a break at once', () => {
    const id = uuidV7();
    expect(compare([{ id: 'a', amount: 5n, at: ago(1), transferId: null }], [], rules).open).toMatchObject([
      { outcome: 'in_transit', reason: 'not_in_books' },
    ]);
    expect(compare([{ id: 'a', amount: 5n, at: ago(600_001), transferId: null }], [], rules).open).toMatchObject([
      { outcome: 'break' },
    ]);
    expect(compare([], [{ transferId: id, amount: 5n, at: ago(600_001) }], rules).open).toMatchObject([
      { outcome: 'break', reason: 'not_outside' },
    ]);
    expect(
      compare(
        [{ id: 'a', amount: 5n, at: ago(1), transferId: id }],
        [{ transferId: id, amount: 6n, at: ago(1) }],
        rules,
      ).open,
    ).toMatchObject([{ outcome: 'break', reason: 'amount_differs' }]);
  });
});

describe('reconciliation', () => {
  let test: TestPayments;
  const closing: Promise<void>[] = [];
  beforeEach(async () => {
    test = await createTestPayments();
  });
  afterEach(() => {
    closing.push(test.close());
  });
  afterAll(() => Promise.all(closing));

  const LATER = 20 * 60_000;

  it('of a bank account where everything has happened finds nothing, and settles it for good', async () => {
    const ada = await test.customer();
    const reference = await test.transaction((tx) => test.payments.depositReferences.standing(tx, ada));
    test.bank.wire('USD', 500_00n, reference);
    test.bank.wire('USD', 33_00n, 'no idea');
    await test.settle();
    const to = await test.beneficiary(ada);
    const ask = async (amount: bigint): Promise<string> =>
      (
        await test.transaction((tx) =>
          test.payments.requestWithdrawal.run(tx, { customerId: ada, beneficiaryId: to.id, asset: 'USD', amount }),
        )
      ).id;
    const [settled, returned, rejected] = [await ask(50_00n), await ask(60_00n), await ask(70_00n)];
    await test.settle();
    test.bank.settle(settled);
    test.bank.settle(returned);
    test.bank.giveBack(returned);
    test.bank.reject(rejected);
    await test.settle();
    test.clock.advance(LATER);
    const [run] = await test.payments.reconcile.bankAccounts();
    expect(run).toMatchObject({ asset: 'USD', matched: 5, inTransit: 0, breaks: 0 });
    expect(run?.outsideBalance).toBe(run?.ledgerBalance);
    const [again] = await test.payments.reconcile.bankAccounts();
    expect(again).toMatchObject({ matched: 0, inTransit: 0, breaks: 0 });
  });

  it('finds what stands in our books alone, freezes the currency, and holds what leaves', async () => {
    const ada = await test.customer();
    test.bank.wire('USD', 500_00n, await test.transaction((tx) => test.payments.depositReferences.standing(tx, ada)));
    await test.settle();
    const to = await test.beneficiary(ada);
    const invented = {
      id: uuidV7(),
      kind: 'test.move',
      legs: [debit(account('bank_nostro', 'USD'), 7_00n), credit(account('equity', 'USD'), 7_00n)],
    };
    await test.ledger.submit(invented);
    test.clock.advance(LATER);
    const [run] = await test.payments.reconcile.bankAccounts();
    expect(run?.breaks).toBe(1);
    expect(await itemsOfRun(test.database.app, run?.id ?? '')).toMatchObject([
      { outcome: 'break', reason: 'not_outside', transferId: invented.id, ledgerAmount: 7_00n },
    ]);
    expect(await standingFreezes(test.database.app, 10)).toMatchObject([
      { scope: 'asset', subject: 'USD', reason: 'reconciliation' },
    ]);
    const held = await test.transaction((tx) =>
      test.payments.requestWithdrawal.run(tx, { customerId: ada, beneficiaryId: to.id, asset: 'USD', amount: 20_00n }),
    );
    expect([held.state, held.heldFor]).toEqual(['HELD', 'frozen']);
  });

  it('of the card receivable follows capture, refund, chargeback, payout and its arrival, whichever of processor and bank is first', async () => {
    const ada = await test.customer(300_00n);
    const [first, second] = [await test.paid(ada, 100_00n), await test.paid(ada, 80_00n)];
    const { id: refundId } = await test.transaction((tx) =>
      test.payments.requestRefund.run(tx, { paymentId: first.id, amount: 30_00n, reason: 'spec' }),
    );
    await test.settle();
    test.card.finishRefund(refundId, 'succeeded');
    const processorId = test.card.chargeBack(second.id, 80_00);
    test.card.decideChargeback(processorId, 'won');
    await test.settle();
    const gross = 100_00 + 80_00 - 30_00 - 15_00;
    const payout = test.card.payOut('USD', gross, 4_20);
    test.bank.wire('USD', BigInt(payout.net), `PAYOUT ${payout.id}`);
    await test.deliver('bank', test.bank.events.at(-1) as never);
    expect(await test.balance('suspense_credit')).toBe(BigInt(payout.net));
    await test.settle();
    expect(await test.balance('suspense_credit')).toBe(0n);
    expect(await test.balance('card_receivable')).toBe(0n);
    expect(await test.balance('processor_fees')).toBe(4_20n);
    await test.payments.poll.cardReport(test.card);
    test.clock.advance(LATER);
    const [run] = await test.payments.reconcile.cardReceivables();
    expect(run).toMatchObject({ matched: 8, inTransit: 0, breaks: 0, outsideBalance: 0n, ledgerBalance: 0n });
  });

  it('finds a charge that the processor reports and we never booked', async () => {
    await test.paid(await test.customer(), 100_00n);
    test.card.report.push({
      id: 'txn_lost',
      seq: 2n,
      type: 'charge',
      objectId: 'pay_x',
      reference: uuidV7(),
      asset: 'USD',
      amount: 9_00n,
      fee: 0n,
      createdAt: test.clock.now(),
    });
    await test.payments.poll.cardReport(test.card);
    test.clock.advance(LATER);
    const [run] = await test.payments.reconcile.cardReceivables();
    expect(await itemsOfRun(test.database.app, run?.id ?? '')).toMatchObject([
      { outcome: 'break', reason: 'not_in_books', outsideId: 'txn_lost' },
    ]);
  });

  it('books what the bank took without an order, and lets nothing leave until somebody has looked', async () => {
    test.bank.takeUnordered('USD', 12_00n);
    await test.payments.poll.bankLines(test.bank, test.payments.applyBankLine);
    expect(await test.balance('suspense_debit')).toBe(12_00n);
    expect(await standingFreezes(test.database.app, 10)).toMatchObject([{ scope: 'asset', reason: 'unordered_debit' }]);
  });
});
