import { type AssetCode, formatAmount } from '@core/money';
import { type Tx } from '@base/database';
import { type Ledger, LedgerRefusal, type Transfer } from '@platform/ledger';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { liftFreeze, openFreeze } from './freezes.js';
import { accounts, debtRepaid, type Taken } from './journals.js';

/** Debts are in the currencies that cards are charged in. */
const DEBT_ASSETS = ['USD', 'EUR', 'GBP'] as const;

/**
 * What customers owe us after the processor took back money that they no longer had. Callers have locked the customer, so debts change one at a time; what is
 * available can still change under us, until a posting that failed on it has locked the account.
 */
export class Debts {
  constructor(
    private readonly ledger: Ledger,
    private readonly chronicle: Chronicle,
  ) {}

  /** Takes `amount` from what is available, and makes a debt of the rest. `journal` builds the transfer for that split. */
  async take(
    tx: Tx,
    from: { customerId: string; asset: AssetCode; amount: bigint; sourceId: string },
    journal: (taken: Taken) => Transfer,
  ): Promise<Taken> {
    const { customerId, asset, amount, sourceId } = from;
    const taken = await this.#withAvailable(tx, customerId, asset, async (available) => {
      const clawedBack = available < amount ? available : amount;
      const split = { clawedBack, indebted: amount - clawedBack };
      await this.ledger.post(tx, journal(split));
      return split;
    });
    if (taken.indebted > 0n) await this.#restrict(tx, customerId, sourceId, { asset, amount: taken.indebted });
    return taken;
  }

  /** Pays open debt with what the customer has now, and lifts the restriction when none is left. */
  async repay(tx: Tx, customerId: string, asset: AssetCode): Promise<void> {
    const owed = await this.owed(tx, customerId, asset);
    if (owed > 0n) {
      await this.#withAvailable(tx, customerId, asset, async (available) => {
        const amount = available < owed ? available : owed;
        if (amount > 0n) await this.ledger.post(tx, debtRepaid(customerId, asset, amount));
      });
    }
    await this.liftIfPaid(tx, customerId);
  }

  /** Pays what can be paid of everything that the customer owes, for money that became free without payments hearing of it. */
  async collect(tx: Tx, customerId: string): Promise<void> {
    await lockCustomer(tx, customerId, this.chronicle.now());
    for (const asset of DEBT_ASSETS) await this.repay(tx, customerId, asset);
  }

  owed(tx: Tx, customerId: string, asset: AssetCode): Promise<bigint> {
    return this.ledger.balance(accounts.debt(customerId, asset), tx);
  }

  async liftIfPaid(tx: Tx, customerId: string): Promise<void> {
    for (const asset of DEBT_ASSETS) if ((await this.owed(tx, customerId, asset)) > 0n) return;
    const by = { who: 'system', at: this.chronicle.now() };
    if (await liftFreeze(tx, { scope: 'customer', subject: customerId, reason: 'debt' }, by)) {
      await this.chronicle.tell(tx, 'customer-released', { aggregate: 'customer', id: customerId }, { customerId });
    }
  }

  async #restrict(
    tx: Tx,
    customerId: string,
    sourceId: string,
    owed: { asset: AssetCode; amount: bigint },
  ): Promise<void> {
    const openedAt = this.chronicle.now();
    await openFreeze(tx, { scope: 'customer', subject: customerId, reason: 'debt', sourceId, openedAt });
    const amount = formatAmount(owed.amount, owed.asset);
    await this.chronicle.tell(
      tx,
      'customer-restricted',
      { aggregate: 'customer', id: customerId },
      { customerId, reason: 'debt', asset: owed.asset, amount },
    );
  }

  /** A posting that was refused for want of funds has locked the account, so what is read after it stays. */
  async #withAvailable<Result>(
    tx: Tx,
    customerId: string,
    asset: AssetCode,
    post: (available: bigint) => Promise<Result>,
  ): Promise<Result> {
    const read = (): Promise<bigint> => this.ledger.balance(accounts.available(customerId, asset), tx);
    try {
      return await post(await read());
    } catch (error) {
      if (!(error instanceof LedgerRefusal)) throw error;
      // Nothing can be taken out of a frozen account, so all of it is owed.
      if (error.code === 'account_frozen') return post(0n);
      if (error.code === 'insufficient_funds') return post(await read());
      throw error;
    }
  }
}
