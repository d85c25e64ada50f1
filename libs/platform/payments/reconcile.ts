import { type AssetCode, formatAmount } from '@core/money';
import { type Database, type Tx, uuidV5 } from '@base/database';
import { gauge } from '@base/observability';
import { type Account, type Ledger } from '@platform/ledger';
import { isOurId } from './apply-card-payment.js';
import { transfersOfLines } from './bank-lines.js';
import { type BankRail } from './bank-rail.js';
import { payoutsOf, reportLinesOf } from './card-payouts.js';
import { type Chronicle } from './chronicle.js';
import { openFreeze } from './freezes.js';
import { accounts, transferIds } from './journals.js';
import { balanceBreak, compare, type Comparison, type OpenItem, type OutsideItem } from './reconciliation.js';
import { insertRun, openEntries, type ReconciliationRun, settledOutside, type Subject } from './reconciliations.js';

const breaks = gauge({
  name: 'strongroom_payments_reconciliation_breaks',
  help: 'Unexplained differences between our books and the other side at the last run',
  labels: ['subject', 'asset'],
});

/** Money that the processor has sent may take so long to reach the bank. */
const PAYOUT_GRACE_MS = 3 * 86_400_000;
const DAYS_READ = 31;
const FIAT = ['USD', 'EUR', 'GBP'] as const;

interface Stated {
  readonly items: readonly OutsideItem[];
  readonly balance: bigint;
}

/**
 * Holds our books against the bank's own statement files and against the processor's report. A difference that stands after a second look is kept as a break, counted for
 * the alert, and freezes what leaves in that currency; a match is settled for good and not looked at again.
 */
export class Reconcile {
  constructor(
    private readonly database: Database,
    private readonly ledger: Ledger,
    private readonly bank: BankRail,
    private readonly chronicle: Chronicle,
    private readonly terms: { readonly reconciliationGraceMs: number },
  ) {}

  /** Every currency that the bank has stated something for. */
  async bankAccounts(): Promise<ReconciliationRun[]> {
    const days = await this.bank.statementDays();
    const runs: ReconciliationRun[] = [];
    for (const asset of FIAT) {
      const dates = days.filter((day) => day.asset === asset).map(({ date }) => date).sort(); // prettier-ignore
      if (dates.length === 0) continue;
      runs.push(
        await this.#run('bank', asset, accounts.nostro(asset), () =>
          this.#statedByBank(asset, dates.slice(-DAYS_READ)),
        ),
      );
    }
    return runs;
  }

  async cardReceivables(): Promise<ReconciliationRun[]> {
    const runs: ReconciliationRun[] = [];
    for (const asset of FIAT) {
      const stated = await this.#statedByProcessor(asset);
      if (stated.items.length === 0 && stated.balance === 0n) continue;
      runs.push(await this.#run('card', asset, accounts.receivable(asset), () => this.#statedByProcessor(asset)));
    }
    return runs;
  }

  async #run(
    subject: Subject,
    asset: AssetCode,
    account: Account,
    read: () => Promise<Stated>,
  ): Promise<ReconciliationRun> {
    // Either side may move while both are read, so a difference counts only when it is there twice.
    const first = await this.#compare(subject, account, await read());
    const last = first.comparison.open.some(isBreak) ? await this.#compare(subject, account, await read()) : first;
    const run = await this.database.transaction(async (tx) => {
      const { comparison, seen, outsideBalance, ledgerBalance } = last;
      const startedAt = this.chronicle.now();
      const kept = await insertRun(tx, { subject, asset, outsideBalance, ledgerBalance, startedAt }, comparison, seen);
      await this.#freeze(tx, kept, comparison.open.filter(isBreak));
      return kept;
    });
    breaks.set({ subject, asset }, run.breaks);
    return run;
  }

  async #compare(subject: Subject, account: Account, stated: Stated) {
    const now = this.chronicle.now();
    const settled = await settledOutside(this.database, subject, stated.items.map(({ id }) => id)); // prettier-ignore
    const { open, seen, closing } = await openEntries(this.database, { ledger: this.ledger, account, subject, now });
    const outside = stated.items.filter(({ id }) => !settled.has(id));
    const compared = compare(outside, open, { now, graceMs: this.terms.reconciliationGraceMs });
    const apart = balanceBreak(compared, { outside: stated.balance, ledger: closing, now });
    const comparison: Comparison = apart === undefined ? compared : { ...compared, open: [...compared.open, apart] };
    return { comparison, seen, outsideBalance: stated.balance, ledgerBalance: closing };
  }

  async #statedByBank(asset: AssetCode, dates: readonly string[]): Promise<Stated> {
    const statements = [];
    for (const date of dates) statements.push(await this.bank.statement(asset, date));
    const lines = statements.flatMap((statement) => statement.lines);
    const booked = await transfersOfLines(this.database, lines.map(({ id }) => id)); // prettier-ignore
    const items = lines.map(({ id, direction, amount, bookedAt }) => ({
      id,
      amount: direction === 'credit' ? amount : -amount,
      at: bookedAt,
      transferId: booked.get(id) ?? null,
    }));
    return { items, balance: statements.at(-1)?.closing ?? 0n };
  }

  async #statedByProcessor(asset: AssetCode): Promise<Stated> {
    const rows = await reportLinesOf(this.database, asset);
    const payouts = await payoutsOf(this.database, asset);
    const items: OutsideItem[] = rows.map(({ id, type, objectId, reference, amount, createdAt }) => ({
      id,
      amount,
      at: createdAt,
      transferId: transferOf(type, objectId, reference),
    }));
    for (const { id, net, fees, createdAt, transferId } of payouts) {
      if (fees > 0n)
        items.push({ id: `${id}-fees`, amount: -fees, at: createdAt, transferId: transferIds.payoutFee(id) });
      items.push({ id: `${id}-net`, amount: -net, at: createdAt, transferId, graceMs: PAYOUT_GRACE_MS });
    }
    return { items, balance: items.reduce((sum, { amount }) => sum + amount, 0n) };
  }

  /** A difference at the bank stops what leaves in that currency; one at the processor touches no money that leaves, so it is told and counted. */
  async #freeze(tx: Tx, run: ReconciliationRun, found: readonly OpenItem[]): Promise<void> {
    if (found.length === 0) return;
    const { id, subject, asset } = run;
    if (subject === 'bank') {
      await openFreeze(tx, {
        scope: 'asset',
        subject: asset,
        reason: 'reconciliation',
        sourceId: id,
        openedAt: run.startedAt,
      });
    }
    const difference = formatAmount(run.outsideBalance - run.ledgerBalance, asset);
    await this.chronicle.tell(tx, 'reconciliation-broken', { aggregate: 'reconciliation', id }, { runId: id, subject, asset, breaks: found.length, difference }); // prettier-ignore
  }
}

const isBreak = ({ outcome }: OpenItem): boolean => outcome === 'break';

/** The transfer that must book a row of the processor's report. */
function transferOf(type: string, objectId: string, reference: string): string {
  switch (type) {
    case 'charge':
      return transferIds.capture(reference);
    case 'refund':
      return transferIds.refund(isOurId(reference) ? reference : uuidV5('payments', 'refund', objectId));
    case 'chargeback':
      return transferIds.chargeback(objectId);
    case 'chargeback_fee':
      return transferIds.chargebackFee(objectId);
    default:
      return transferIds.chargebackWon(objectId);
  }
}
