import { type AssetCode, formatAmount } from '@core/money';
import { type Tx } from '@base/database';
import { type Ledger, type Transfer } from '@platform/ledger';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { type Debts } from './debts.js';
import { type Purpose } from './purpose.js';
import { placeValueHold } from './value-holds.js';

export interface CustomerCredit {
  readonly customerId: string;
  readonly asset: AssetCode;
  readonly amount: bigint;
  readonly lineId: string;
  readonly purpose: Purpose | null;
  readonly transfer: Transfer;
}

/** Gives a customer what came in by bank: the posting, the hold that the terms ask for, and what is owed first. */
export class CreditCustomer {
  constructor(
    private readonly ledger: Ledger,
    private readonly debts: Debts,
    private readonly chronicle: Chronicle,
    private readonly terms: { readonly holdMs: number },
  ) {}

  async run(tx: Tx, { customerId, asset, amount, lineId, purpose, transfer }: CustomerCredit): Promise<void> {
    const now = this.chronicle.now();
    await lockCustomer(tx, customerId, now);
    await this.ledger.post(tx, transfer);
    await placeValueHold(tx, {
      customerId,
      asset,
      amount,
      reason: 'bank_credit',
      source: 'bank-line',
      sourceId: transfer.id,
      startsAt: now,
      expiresAt: new Date(now.getTime() + this.terms.holdMs),
    });
    await this.debts.repay(tx, customerId, asset);
    await this.chronicle.tell(
      tx,
      'bank-credited',
      { aggregate: 'customer', id: customerId },
      { customerId, asset, amount: formatAmount(amount, asset), lineId, purpose },
    );
  }
}
