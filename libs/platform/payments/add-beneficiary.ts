import { type AssetCode } from '@core/money';
import { type Clock } from '@base/clock';
import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { parseAccountNumber } from './account-number.js';
import { insertBeneficiary } from './beneficiaries.js';
import { type Beneficiary } from './beneficiary.js';
import { type Chronicle } from './chronicle.js';
import { ensureCustomer } from './customers.js';
import { refused } from './refusals.js';
import { type WithdrawalTerms } from './terms.js';

export interface NewBeneficiary {
  readonly customerId: string;
  readonly asset: AssetCode;
  /** The account's holder, as the payee's bank has it. */
  readonly name: string;
  /** An IBAN, with or without spaces. */
  readonly account: string;
}

/** Somebody who may be paid, once the bank has confirmed the name and the cooling-off is over. */
export class AddBeneficiary {
  constructor(
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
    private readonly clock: Clock,
    private readonly terms: WithdrawalTerms,
  ) {}

  /** @throws Refusal */
  async run(tx: Tx, { customerId, asset, name, account }: NewBeneficiary): Promise<Beneficiary> {
    if (this.terms.limits[asset] === undefined) throw refused('asset_not_supported', { field: 'asset' });
    const number = parseAccountNumber(account);
    if (number === undefined) throw refused('account_number_invalid', { field: 'account' });
    const now = this.clock.now();
    await ensureCustomer(tx, customerId, now);
    const beneficiary: Beneficiary = {
      id: uuidV7(now.getTime()),
      customerId,
      asset,
      name,
      account: number,
      state: 'CREATED',
      review: null,
      usableAt: new Date(now.getTime() + this.terms.coolingOffMs),
      createdAt: now,
    };
    await insertBeneficiary(tx, beneficiary);
    const { id } = beneficiary;
    await this.chronicle.moved(tx, { aggregate: 'beneficiary', id, event: 'created', from: null, to: 'CREATED' });
    await this.outbox.enqueue(tx, { kind: 'payments.check-beneficiary', payload: { beneficiaryId: id } });
    return beneficiary;
  }
}
