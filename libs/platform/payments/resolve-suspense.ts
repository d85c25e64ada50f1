import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type Ledger } from '@platform/ledger';
import { type Chronicle } from './chronicle.js';
import { type CreditCustomer } from './credit-customer.js';
import { repoint } from './journals.js';
import { refused } from './refusals.js';
import { openWithdrawal } from './request-withdrawal.js';
import { lockSuspenseItem, setSuspenseItem, type SuspenseItem } from './suspense-items.js';
import { type Withdrawal } from './withdrawal.js';

/** What an operator does about a credit that nobody could be named for. */
export class ResolveSuspense {
  constructor(
    private readonly ledger: Ledger,
    private readonly credit: CreditCustomer,
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
  ) {}

  /** It is this customer's. @throws Refusal */
  async repoint(tx: Tx, id: string, customerId: string): Promise<SuspenseItem> {
    const item = await this.#open(tx, id);
    const { asset, amount, lineId } = item;
    await this.credit.run(tx, {
      customerId,
      asset,
      amount,
      lineId,
      purpose: null,
      transfer: repoint(item, customerId),
    });
    await setSuspenseItem(tx, id, { state: 'REPOINTED', customerId, now: this.chronicle.now() });
    await this.chronicle.moved(tx, { aggregate: 'suspense', id, event: 'repointed', from: 'OPEN', to: 'REPOINTED' });
    return { ...item, state: 'REPOINTED', customerId };
  }

  /** It goes back to the account that it came from, through the same steps as every payment. @throws Refusal */
  async returnToPayer(tx: Tx, id: string): Promise<SuspenseItem> {
    const item = await this.#open(tx, id);
    const now = this.chronicle.now();
    const withdrawal: Withdrawal = {
      id: uuidV7(now.getTime()),
      source: 'suspense',
      customerId: null,
      beneficiaryId: null,
      suspenseId: id,
      payeeName: item.payerName,
      payeeAccount: item.payerAccount,
      asset: item.asset,
      amount: item.amount,
      fee: 0n,
      returnOf: item.lineId,
      state: 'REQUESTED',
      heldFor: null,
      bankId: null,
      bankVersion: 0n,
      failureCode: null,
      createdAt: now,
      submittedAt: null,
      settledAt: null,
    };
    await openWithdrawal(tx, withdrawal, { ledger: this.ledger, chronicle: this.chronicle, outbox: this.outbox });
    await setSuspenseItem(tx, id, { state: 'RETURNING', withdrawalId: withdrawal.id, now });
    await this.chronicle.moved(tx, { aggregate: 'suspense', id, event: 'returning', from: 'OPEN', to: 'RETURNING' });
    return { ...item, state: 'RETURNING', withdrawalId: withdrawal.id };
  }

  async #open(tx: Tx, id: string): Promise<SuspenseItem> {
    const item = await lockSuspenseItem(tx, id);
    if (item === undefined) throw refused('suspense_unknown');
    if (item.state !== 'OPEN') throw refused('suspense_settled');
    return item;
  }
}
