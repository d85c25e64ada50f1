import { formatAmount } from '@core/money';
import { type Tx } from '@base/database';
import { type Ledger, type Transfer } from '@platform/ledger';
import { type Chronicle } from './chronicle.js';
import { lockCustomer } from './customers.js';
import { type Debts } from './debts.js';
import { withdrawalFailed, withdrawalReleased, withdrawalReturned, withdrawalSettled, withdrawalSubmitted } from './journals.js'; // prettier-ignore
import { settleSuspenseReturn } from './suspense-items.js';
import { follow } from './transitions.js';
import { WITHDRAWAL, type Withdrawal, type WithdrawalEvent } from './withdrawal.js';
import { setWithdrawal, type WithdrawalChange } from './withdrawals.js';

type More = Pick<WithdrawalChange, 'heldFor' | 'bankId' | 'bankVersion' | 'failureCode'>;

/** The one place where a withdrawal changes state: row, postings, history and event together. */
export class MoveWithdrawal {
  constructor(
    private readonly ledger: Ledger,
    private readonly debts: Debts,
    private readonly chronicle: Chronicle,
  ) {}

  /** Undefined, and nothing happened, when the table does not have it. The caller holds the withdrawal's lock. */
  async run(tx: Tx, withdrawal: Withdrawal, event: WithdrawalEvent, more: More = {}): Promise<Withdrawal | undefined> {
    const state = follow(WITHDRAWAL, withdrawal.state, event);
    if (state === undefined) return undefined;
    const now = this.chronicle.now();
    const { id, customerId, state: from } = withdrawal;
    if (customerId !== null) await lockCustomer(tx, customerId, now);
    await setWithdrawal(tx, id, { ...more, state, now });
    const note = more.heldFor ?? more.failureCode ?? undefined;
    await this.chronicle.moved(tx, { aggregate: 'withdrawal', id, event, from, to: state, note });
    const transfers = journal(withdrawal, event);
    if (transfers.length > 0) await this.ledger.post(tx, transfers);
    const moved = { ...withdrawal, state, heldFor: more.heldFor ?? null, failureCode: more.failureCode ?? null };
    await this.#follow(tx, moved);
    return moved;
  }

  async #follow(tx: Tx, withdrawal: Withdrawal): Promise<void> {
    const { id, customerId, asset, state, suspenseId } = withdrawal;
    const isBack = state === 'FAILED' || state === 'RETURNED' || state === 'CANCELLED';
    if (suspenseId !== null && (isBack || state === 'SETTLED')) {
      await settleSuspenseReturn(tx, suspenseId, { returned: !isBack, now: this.chronicle.now() });
    }
    if (isBack && customerId !== null) await this.debts.repay(tx, customerId, asset);
    await this.chronicle.tell(
      tx,
      `withdrawal-${state.toLowerCase()}`,
      { aggregate: 'withdrawal', id },
      {
        withdrawalId: id,
        customerId,
        asset,
        amount: formatAmount(withdrawal.amount, asset),
        fee: formatAmount(withdrawal.fee, asset),
        failureCode: withdrawal.failureCode,
      },
    );
  }
}

/** The postings of a step, with those of steps that were never heard of: a payment that came back had left, and one that left had been taken. */
function journal(withdrawal: Withdrawal, event: WithdrawalEvent): Transfer[] {
  const isAccepted = withdrawal.state === 'SUBMITTED' || withdrawal.state === 'SETTLED';
  const accepted = isAccepted ? [] : [withdrawalSubmitted(withdrawal)];
  switch (event) {
    case 'accepted':
      return accepted;
    case 'settled':
      return [...accepted, withdrawalSettled(withdrawal)];
    case 'returned':
      return withdrawal.state === 'SETTLED'
        ? [withdrawalReturned(withdrawal)]
        : [...accepted, withdrawalSettled(withdrawal), withdrawalReturned(withdrawal)];
    case 'rejected':
      if (isAccepted) return [withdrawalFailed(withdrawal)];
      return released(withdrawal);
    case 'refuse':
    case 'cancel':
      return released(withdrawal);
    case 'hold':
    case 'approve':
    case 'submit':
      return [];
  }
}

function released(withdrawal: Withdrawal): Transfer[] {
  const transfer = withdrawalReleased(withdrawal);
  return transfer === null ? [] : [transfer];
}
