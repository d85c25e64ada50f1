import { formatAmount } from '@core/money';
import { type Tx, uuidV5 } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { type Applied, isOurId } from './apply-card-payment.js';
import { CARD_PAYMENT, type CardPayment, isCaptured } from './card-payment.js';
import { lockCardPayment, setCardPaymentState } from './card-payments.js';
import { type ChargebackSnapshot } from './card-processor.js';
import { CHARGEBACK, type Chargeback } from './chargeback.js';
import { findChargeback, insertChargeback, setChargeback } from './chargebacks.js';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { type Debts } from './debts.js';
import { chargebackFee, chargebackTaken, chargebackWon } from './journals.js';
import { Contradiction } from './refusals.js';
import { follow } from './transitions.js';
import { easeValueHold } from './value-holds.js';

/**
 * A cardholder's bank took a payment back. What the customer still has pays for it, the rest is the customer's debt, and until that is paid nothing leaves the
 * account. A chargeback that is heard of first when it is already decided goes through its opening all the same, so the books end the same in any order.
 */
export class ApplyChargeback {
  constructor(
    private readonly ledger: Ledger,
    private readonly debts: Debts,
    private readonly chronicle: Chronicle,
  ) {}

  /** @throws Contradiction */
  async run(tx: Tx, snapshot: ChargebackSnapshot): Promise<Applied> {
    const payment = isOurId(snapshot.paymentReference)
      ? await lockCardPayment(tx, snapshot.paymentReference)
      : undefined;
    if (payment === undefined) return 'unknown';
    if (!isCaptured(payment.state)) return 'waiting';
    const id = uuidV5('payments', 'chargeback', snapshot.processorId);
    const known = await findChargeback(tx, id);
    if (known !== undefined && snapshot.version <= known.processorVersion) return 'stale';
    if (payment.asset !== snapshot.asset || (known !== undefined && known.amount !== snapshot.amount)) {
      throw new Contradiction(`chargeback ${id} is about another amount`);
    }
    await lockCustomer(tx, payment.customerId, this.chronicle.now());
    const open = known ?? (await this.#open(tx, id, payment, snapshot));
    if (snapshot.status !== 'open') await this.#decide(tx, open, snapshot.status, snapshot.version);
    return 'applied';
  }

  async #open(tx: Tx, id: string, payment: CardPayment, snapshot: ChargebackSnapshot): Promise<Chargeback> {
    const { customerId, asset } = payment;
    const { processorId, amount, fee, reason } = snapshot;
    const about = { processorId, paymentId: payment.id, customerId, asset, amount, fee };
    const taken = await this.debts.take(tx, { customerId, asset, amount, sourceId: id }, (split) => chargebackTaken(about, split)); // prettier-ignore
    if (fee > 0n) await this.ledger.post(tx, chargebackFee(about));
    const chargeback: Chargeback = {
      ...about,
      ...taken,
      id,
      processorVersion: snapshot.status === 'open' ? snapshot.version : 0n,
      reason,
      state: 'OPEN',
      createdAt: this.chronicle.now(),
    };
    await insertChargeback(tx, chargeback);
    await this.chronicle.moved(tx, { aggregate: 'chargeback', id, event: 'opened', from: null, to: 'OPEN' });
    await easeValueHold(tx, 'card-payment', payment.id, amount);
    await this.#movePayment(tx, payment.id, 'charged_back');
    await this.#tell(tx, 'chargeback-opened', chargeback);
    return chargeback;
  }

  async #decide(tx: Tx, chargeback: Chargeback, event: 'won' | 'lost', version: bigint): Promise<void> {
    const { id, customerId, asset } = chargeback;
    const state = follow(CHARGEBACK, chargeback.state, event);
    if (state === undefined) throw new Contradiction(`chargeback ${id} was ${chargeback.state} and is now ${event}`);
    await setChargeback(tx, id, { state, version, now: this.chronicle.now() });
    await this.chronicle.moved(tx, { aggregate: 'chargeback', id, event, from: chargeback.state, to: state });
    if (event === 'won') {
      const owed = await this.debts.owed(tx, customerId, asset);
      await this.ledger.post(tx, chargebackWon(chargeback, owed < chargeback.indebted ? owed : chargeback.indebted));
      await this.debts.repay(tx, customerId, asset);
      await this.#movePayment(tx, chargeback.paymentId, 'chargeback_won');
    }
    await this.#tell(tx, `chargeback-${event}`, chargeback);
  }

  async #movePayment(tx: Tx, id: string, event: 'charged_back' | 'chargeback_won'): Promise<void> {
    const payment = await lockCardPayment(tx, id);
    const state = payment && follow(CARD_PAYMENT, payment.state, event);
    if (payment === undefined || state === undefined) return;
    await setCardPaymentState(tx, id, state, this.chronicle.now());
    await this.chronicle.moved(tx, { aggregate: 'card-payment', id, event, from: payment.state, to: state });
  }

  async #tell(tx: Tx, type: string, chargeback: Chargeback): Promise<void> {
    const { id, paymentId, customerId, asset } = chargeback;
    const payment = await lockCardPayment(tx, paymentId);
    await this.chronicle.tell(
      tx,
      type,
      { aggregate: 'chargeback', id },
      {
        chargebackId: id,
        paymentId,
        customerId,
        asset,
        amount: formatAmount(chargeback.amount, asset),
        clawedBack: formatAmount(chargeback.clawedBack, asset),
        indebted: formatAmount(chargeback.indebted, asset),
        purpose: payment?.purpose ?? null,
      },
    );
  }
}
