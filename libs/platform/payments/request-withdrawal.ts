import { type AssetCode } from '@core/money';
import { type Tx, uuidV7 } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type Ledger } from '@platform/ledger';
import { findBeneficiary } from './beneficiaries.js';
import { type Chronicle } from './chronicle.js';
import { freezesOf } from './freezes.js';
import { withdrawalHold } from './journals.js';
import { tellingCustomers } from './ledger-refusals.js';
import { refused } from './refusals.js';
import { type WithdrawalTerms } from './terms.js';
import { type Withdrawable } from './withdrawable.js';
import { type HeldFor, type Withdrawal } from './withdrawal.js';
import { insertWithdrawal } from './withdrawals.js';

export interface WithdrawalRequest {
  readonly customerId: string;
  readonly beneficiaryId: string;
  readonly asset: AssetCode;
  /** What arrives, in minor units; the fee comes on top. */
  readonly amount: bigint;
}

/** Sets a customer's money aside to be paid to somebody by name. The bank hears of it after the commit. */
export class RequestWithdrawal {
  constructor(
    private readonly ledger: Ledger,
    private readonly withdrawable: Withdrawable,
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
    private readonly terms: WithdrawalTerms,
  ) {}

  /** @throws Refusal */
  async run(tx: Tx, { customerId, beneficiaryId, asset, amount }: WithdrawalRequest): Promise<Withdrawal> {
    const terms = this.terms.limits[asset];
    if (terms === undefined) throw refused('asset_not_supported', { field: 'asset' });
    if (amount < terms.min) throw refused('amount_too_small', { field: 'amount' });
    if (amount > terms.max) throw refused('amount_too_large', { field: 'amount' });
    const payee = await findBeneficiary(tx, beneficiaryId);
    if (payee?.customerId !== customerId || payee.asset !== asset)
      throw refused('beneficiary_unknown', { field: 'beneficiaryId' });
    if (payee.state !== 'ACTIVE') throw refused('beneficiary_not_active', { field: 'beneficiaryId' });
    await this.withdrawable.assert(tx, customerId, { asset, minor: amount + terms.fee });
    const now = this.chronicle.now();
    const heldFor = await this.#reasonToHold(tx, customerId, asset, amount);
    const withdrawal: Withdrawal = {
      id: uuidV7(now.getTime()),
      source: 'customer',
      customerId,
      beneficiaryId,
      suspenseId: null,
      payeeName: payee.name,
      payeeAccount: payee.account,
      asset,
      amount,
      fee: terms.fee,
      returnOf: null,
      state: heldFor === null ? 'REQUESTED' : 'HELD',
      heldFor,
      bankId: null,
      bankVersion: 0n,
      failureCode: null,
      createdAt: now,
      submittedAt: null,
      settledAt: null,
    };
    await openWithdrawal(tx, withdrawal, { ledger: this.ledger, chronicle: this.chronicle, outbox: this.outbox });
    return withdrawal;
  }

  async #reasonToHold(tx: Tx, customerId: string, asset: AssetCode, amount: bigint): Promise<HeldFor | null> {
    if ((await freezesOf(tx, { customerId, asset })).length > 0) return 'frozen';
    return amount >= this.terms.reviewFrom ? 'large_amount' : null;
  }
}

/** Stores a withdrawal, sets its money aside, and lets it go to the bank unless it is held. */
export async function openWithdrawal(
  tx: Tx,
  withdrawal: Withdrawal,
  parts: { ledger: Ledger; chronicle: Chronicle; outbox: Outbox },
): Promise<void> {
  const { id, state, heldFor } = withdrawal;
  await insertWithdrawal(tx, withdrawal);
  await parts.chronicle.moved(tx, { aggregate: 'withdrawal', id, event: 'requested', from: null, to: state, note: heldFor ?? undefined }); // prettier-ignore
  if (state === 'REQUESTED') {
    await parts.outbox.enqueue(tx, { kind: 'payments.submit-withdrawal', payload: { withdrawalId: id } });
  }
  const hold = withdrawalHold(withdrawal);
  if (hold !== null) await tellingCustomers(parts.ledger.post(tx, hold));
}
