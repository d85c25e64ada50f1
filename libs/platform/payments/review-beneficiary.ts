import { type Database, type Tx } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type BankRail, type NameMatch } from './bank-rail.js';
import { findBeneficiary, lockBeneficiary, setBeneficiary } from './beneficiaries.js';
import { BENEFICIARY, type Beneficiary, type BeneficiaryEvent, type Review } from './beneficiary.js';
import { type Chronicle } from './chronicle.js';
import { type CustomerNames, isSameName } from './customer-names.js';
import { refused } from './refusals.js';
import { follow } from './transitions.js';

const REVIEW_OF: Readonly<Record<NameMatch, Review>> = {
  match: 'cooling_off',
  close_match: 'name_close',
  no_match: 'name_differs',
  unknown_account: 'account_unknown',
};

/**
 * Asks the payee's bank whether name and account belong together (confirmation of payee). A match becomes active when its cooling-off is over; anything less
 * waits for a person; an account that does not exist is of no use.
 */
export class ReviewBeneficiary {
  constructor(
    private readonly database: Database,
    private readonly bank: BankRail,
    private readonly names: CustomerNames,
    private readonly chronicle: Chronicle,
    private readonly outbox: Outbox,
  ) {}

  async check(id: string): Promise<void> {
    const beneficiary = await findBeneficiary(this.database, id);
    if (beneficiary?.state !== 'CREATED') return;
    const { name, account, customerId } = beneficiary;
    const match = await this.bank.checkPayee({ name, account });
    const own = await this.names.nameOf(this.database, customerId);
    const review = match === 'match' && own !== null && !isSameName(own, name) ? 'not_own_name' : REVIEW_OF[match];
    await this.database.transaction((tx) => this.#checked(tx, id, review));
  }

  /** Activates it when it waits for nothing but its time, and that has come. */
  async activateIfDue(tx: Tx, id: string): Promise<void> {
    const beneficiary = await lockBeneficiary(tx, id);
    if (beneficiary?.state !== 'UNDER_REVIEW' || beneficiary.review !== 'cooling_off') return;
    if (beneficiary.usableAt > this.chronicle.now()) return;
    await this.#move(tx, beneficiary, 'approve', null);
  }

  /**
   * A person decides. Approval ends the review, not the cooling-off.
   * @throws Refusal
   */
  async decide(tx: Tx, id: string, decision: 'approve' | 'disable'): Promise<Beneficiary> {
    const beneficiary = await lockBeneficiary(tx, id);
    if (beneficiary === undefined) throw refused('beneficiary_unknown');
    if (decision === 'approve') {
      if (beneficiary.state !== 'UNDER_REVIEW') throw refused('beneficiary_settled');
      await setBeneficiary(tx, id, { state: 'UNDER_REVIEW', review: 'cooling_off', now: this.chronicle.now() });
      await this.#activateLater(tx, beneficiary);
      await this.activateIfDue(tx, id);
    } else await this.#move(tx, beneficiary, 'disable', beneficiary.review);
    return (await lockBeneficiary(tx, id)) ?? beneficiary;
  }

  /** The customer takes it off the list. @throws Refusal 404, also for somebody else's */
  async remove(tx: Tx, customerId: string, id: string): Promise<void> {
    const beneficiary = await lockBeneficiary(tx, id);
    if (beneficiary?.customerId !== customerId || beneficiary.state === 'DISABLED')
      throw refused('beneficiary_unknown');
    await this.#move(tx, beneficiary, 'disable', beneficiary.review);
  }

  async #checked(tx: Tx, id: string, review: Review): Promise<void> {
    const beneficiary = await lockBeneficiary(tx, id);
    if (beneficiary?.state !== 'CREATED') return;
    await this.#move(tx, beneficiary, 'checked', review);
    if (review === 'account_unknown')
      await this.#move(tx, { ...beneficiary, state: 'UNDER_REVIEW' }, 'disable', review);
    if (review === 'cooling_off') {
      await this.#activateLater(tx, beneficiary);
      await this.activateIfDue(tx, id);
    }
  }

  async #activateLater(tx: Tx, { id, usableAt }: Beneficiary): Promise<void> {
    if (usableAt <= this.chronicle.now()) return;
    await this.outbox.enqueue(tx, {
      kind: 'payments.activate-beneficiary',
      payload: { beneficiaryId: id },
      runAt: usableAt,
    });
  }

  async #move(tx: Tx, beneficiary: Beneficiary, event: BeneficiaryEvent, review: Review | null): Promise<void> {
    const { id, state: from, customerId } = beneficiary;
    const state = follow(BENEFICIARY, from, event);
    if (state === undefined) throw refused('beneficiary_settled');
    await setBeneficiary(tx, id, { state, review, now: this.chronicle.now() });
    await this.chronicle.moved(tx, { aggregate: 'beneficiary', id, event, from, to: state, note: review ?? undefined });
    await this.chronicle.tell(
      tx,
      'beneficiary-changed',
      { aggregate: 'beneficiary', id },
      { beneficiaryId: id, customerId, state, review },
    );
  }
}
