import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../outside/ids.js';
import { found, Problem } from '../outside/problem.js';
import { type Collection, type Store } from '../outside/store.js';
import { type Webhooks } from '../outside/webhooks.js';
import { type BalanceTransaction, type Currency, type Payout } from './objects.js';
import { type Processor } from './processor.js';

/** How the processor's own bank moves the money; true when the bank has taken the order. */
export type Wire = (order: { id: string; amount: number; currency: Currency; reference: string }) => Promise<boolean>;

/**
 * Pays the merchant what is settled, less fees, and reports it row by row. The payout is stored before the wire is sent and its id is the wire's
 * idempotency key, so a crash in between sends it once. Without a wire, payouts are reported but never arrive: a difference worth finding.
 */
export class Payouts {
  readonly #payouts: Collection<Payout>;

  constructor(
    store: Store,
    private readonly webhooks: Webhooks,
    private readonly processor: Processor,
    private readonly options: { readonly folder: string; readonly wire?: Wire },
  ) {
    this.#payouts = store.collection('payouts');
  }

  all(): Payout[] {
    return this.#payouts.all();
  }

  get(id: string): Payout {
    return found(this.#payouts.get(id), 'payout');
  }

  /** What the merchant would get now, in minor units; negative when chargebacks outweigh charges. */
  due(currency: Currency): number {
    return this.#dueRows(currency).reduce((total, row) => total + row.net, 0);
  }

  /** Stages a payout of all that is settled in the currency. @throws Problem 409 when that is nothing */
  create(currency: Currency): Payout {
    const due = this.#dueRows(currency);
    const sum = (of: (row: BalanceTransaction) => number): number => due.reduce((total, row) => total + of(row), 0);
    const net = sum((row) => row.net);
    if (net <= 0) throw new Problem(409, 'nothing_to_pay_out', `the ${currency} balance is ${net}`);
    const payout: Payout = {
      id: newId('po'),
      currency,
      gross: sum((row) => row.amount),
      fees: sum((row) => row.fee),
      net,
      status: 'in_transit',
      transactions: due.length,
      createdAt: new Date().toISOString(),
      version: 1,
    };
    for (const row of due) this.processor.transactions.put(row.id, { ...row, payoutId: payout.id });
    return this.#payouts.put(payout.id, payout);
  }

  /** Wires what has been created and not yet sent: after `create`, after a restart, and again while the bank cannot be reached. */
  async send(): Promise<void> {
    for (const payout of this.#payouts.all().filter(({ status }) => status === 'in_transit')) {
      const { id, net: amount, currency } = payout;
      const sent = (await this.options.wire?.({ id, amount, currency, reference: `PAYOUT ${id}` })) ?? true;
      if (!sent || this.get(id).status === 'paid') continue;
      const paid = this.#payouts.put(id, { ...payout, status: 'paid', version: payout.version + 1 });
      writeFileSync(join(this.options.folder, `settlement-${id}.csv`), this.report(id));
      this.webhooks.record('payout.paid', { payout: paid });
      await this.webhooks.flush();
    }
  }

  /** The settlement report: one CSV row for each movement in the payout, and the payout itself as the last one. */
  report(id: string): string {
    const { gross, fees, net, currency, createdAt } = this.get(id);
    const rows = this.processor.transactions.all().filter((row) => row.payoutId === id);
    return [
      ['transaction', 'type', 'object', 'reference', 'amount', 'fee', 'net', 'currency', 'created_at'],
      ...rows.map((row) => [
        row.id,
        row.type,
        row.objectId,
        row.reference,
        row.amount,
        row.fee,
        row.net,
        row.currency,
        row.createdAt,
      ]),
      [id, 'payout', id, '', gross, fees, net, currency, createdAt],
    ]
      .map((fields) => `${fields.join(',')}\n`)
      .join('');
  }

  #dueRows(currency: Currency): BalanceTransaction[] {
    return this.processor.transactions.all().filter((row) => row.currency === currency && row.payoutId === null);
  }
}
