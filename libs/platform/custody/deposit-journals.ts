import { uuidV5 } from '@base/database';
import { account, type Account, credit, debit, type Leg, type Transfer } from '@platform/ledger';
import { type Deposit } from './deposit.js';

/** Where the value stands until it is final. An outsider who pays to our change addresses is unknown to us. */
const pending = (deposit: Deposit): Account =>
  deposit.customerId === null
    ? account('suspense_credit', deposit.asset)
    : account('customer_pending_in', deposit.asset, deposit.customerId);

const final = (deposit: Deposit): Account | undefined => {
  if (deposit.customerId !== null) return account('customer_available', deposit.asset, deposit.customerId);
  return deposit.ownerKind === 'house' ? account('house_inventory', deposit.asset) : undefined;
};

const transfer = (deposit: Deposit, what: string, legs: readonly Leg[]): Transfer => ({
  id: uuidV5(`custody.deposit-${what}`, deposit.id, deposit.round),
  kind: `custody.deposit-${what}`,
  legs,
  group: deposit.id,
  meta: { chain: deposit.chainId, txid: deposit.txid, place: deposit.place },
});

export const seenTransfer = (deposit: Deposit): Transfer =>
  transfer(deposit, 'seen', [
    debit(account('deposit_in_flight', deposit.asset), deposit.amount),
    credit(pending(deposit), deposit.amount),
  ]);

export function creditedTransfer(deposit: Deposit): Transfer {
  const { asset, amount } = deposit;
  const owner = final(deposit);
  return transfer(deposit, 'credited', [
    debit(account('custody_hot', asset), amount),
    credit(account('deposit_in_flight', asset), amount),
    ...(owner ? [debit(pending(deposit), amount), credit(owner, amount)] : []),
  ]);
}

/** The exact mirror of what was posted when it was seen. */
export const orphanedTransfer = (deposit: Deposit): Transfer => {
  const seen = seenTransfer(deposit);
  return {
    id: uuidV5('custody.deposit-orphaned', deposit.id, deposit.round),
    kind: 'ledger.reversal',
    reverses: seen.id,
    legs: seen.legs.map((leg) => ({ ...leg, amount: -leg.amount })),
    group: deposit.id,
  };
};

/** The customer keeps what was credited; that it is no longer on chain is ours, on a named account, until people have dealt with it. */
export const lostTransfer = (deposit: Deposit): Transfer =>
  transfer(deposit, 'lost', [
    debit(account('suspense_debit', deposit.asset), deposit.amount),
    credit(account('custody_hot', deposit.asset), deposit.amount),
  ]);

export const foundTransfer = (deposit: Deposit): Transfer =>
  transfer(deposit, 'found', [
    debit(account('custody_hot', deposit.asset), deposit.amount),
    credit(account('suspense_debit', deposit.asset), deposit.amount),
  ]);
