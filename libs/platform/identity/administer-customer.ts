import { type Audit, type Json } from '@platform/audit';
import { type Tx } from '@base/database';
import { type MailRoom } from './mail-room.js';
import { findCustomer, lockCustomer, type Customer } from './customers.js';
import { type Origin, type PrincipalStatus } from './principal.js';
import { raiseEpoch } from './principals.js';
import { refusal } from './refusals.js';

interface Order {
  readonly operatorId: string;
  readonly customerId: string;
  readonly reason: string;
  readonly origin: Origin;
}

/** From which state each action leads where. Closing is for good. */
const TRANSITIONS = {
  freeze: { from: ['active'], to: 'frozen', action: 'identity.customer-frozen' },
  unfreeze: { from: ['frozen'], to: 'active', action: 'identity.customer-unfrozen' },
  close: { from: ['active', 'frozen'], to: 'closed', action: 'identity.customer-closed' },
} as const satisfies Record<string, { from: readonly PrincipalStatus[]; to: PrincipalStatus; action: string }>;

export type CustomerAction = keyof typeof TRANSITIONS;

const NOTICES: Readonly<Record<CustomerAction, string>> = {
  freeze: 'Your account is frozen: you can see everything, and nothing moves. Support tells you what is needed.',
  unfreeze: 'Your account is in use again.',
  close: 'Your account was closed.',
};

/** What operators do to a customer's standing. Each writes who did it and why into the same transaction. */
export class AdministerCustomer {
  constructor(
    private readonly audit: Audit,
    private readonly mailRoom: MailRoom,
  ) {}

  /** @throws Refusal customer_not_found, customer_status_conflict */
  async changeStatus(tx: Tx, action: CustomerAction, order: Order): Promise<Customer> {
    const { from, to, action: name } = TRANSITIONS[action];
    const customer = await this.#lock(tx, order.customerId);
    if (!(from as readonly PrincipalStatus[]).includes(customer.status)) throw refusal('customer_status_conflict');
    await tx.query('UPDATE identity.principal SET status = $2 WHERE id = $1', [customer.id, to]);
    if (to === 'closed') await raiseEpoch(tx, customer.id);
    await this.mailRoom.send(tx, (mails) => mails.changed(customer.email, NOTICES[action]));
    await this.#record(tx, order, { action: name, before: { status: customer.status }, after: { status: to } });
    return this.#read(tx, customer.id);
  }

  /** Sets how far the customer is known to us. @throws Refusal customer_not_found */
  async setTier(tx: Tx, tier: number, order: Order): Promise<Customer> {
    const customer = await this.#lock(tx, order.customerId);
    await tx.query('UPDATE identity.customer SET tier = $2 WHERE id = $1', [customer.id, tier]);
    await this.#record(tx, order, {
      action: 'identity.customer-tier-set',
      before: { tier: customer.tier },
      after: { tier },
    });
    return this.#read(tx, customer.id);
  }

  async #lock(tx: Tx, id: string): Promise<Customer> {
    const customer = await lockCustomer(tx, id);
    if (!customer) throw refusal('customer_not_found');
    return customer;
  }

  async #read(tx: Tx, id: string): Promise<Customer> {
    const customer = await findCustomer(tx, id);
    if (!customer) throw refusal('customer_not_found');
    return customer;
  }

  async #record(tx: Tx, order: Order, change: { action: string; before: Json; after: Json }): Promise<void> {
    await this.audit.append(tx, {
      actor: { kind: 'operator', id: order.operatorId },
      subject: { kind: 'customer', id: order.customerId },
      reason: order.reason,
      request: { id: order.origin.requestId, network: order.origin.address },
      ...change,
    });
  }
}
