import { uuidV5 } from '@base/database';
import { account, captureLegs, credit, debit, holdLegs, type Leg, releaseLegs, type Transfer } from '@platform/ledger';
import { type ChainAsset } from './settings.js';

// One function for each line of the books. Transfer ids are made of what happened, so that the same thing twice posts once.

export interface DepositFacts {
  readonly id: string;
  readonly asset: ChainAsset;
  readonly amount: bigint;
  readonly ownerKind: 'customer' | 'house' | 'internal';
  readonly ownerId: string | null;
  readonly sightings: number;
}

const depositTransfer = (deposit: DepositFacts, what: string, kind: string, legs: readonly Leg[]): Transfer => ({
  id: uuidV5('custody.deposit', deposit.id, what, deposit.sightings),
  kind,
  legs,
  group: deposit.id,
});

/** In a block, not yet deep: on its way to the customer. The house's own coins count when they are final. */
export function depositSeen(deposit: DepositFacts): Transfer | undefined {
  const { asset, amount, ownerId } = deposit;
  if (ownerId === null) return undefined;
  return depositTransfer(deposit, 'seen', 'custody.deposit-seen', [
    debit(account('deposit_in_flight', asset), amount),
    credit(account('customer_pending_in', asset, ownerId), amount),
  ]);
}

/** The mirror of {@link depositSeen}, when its block is gone before it counted. */
export function depositReversed(deposit: DepositFacts): Transfer | undefined {
  const seen = depositSeen(deposit);
  if (seen === undefined) return undefined;
  const legs = seen.legs.map((leg) => ({ ...leg, amount: -leg.amount }));
  return { ...depositTransfer(deposit, 'reversed', 'ledger.reversal', legs), reverses: seen.id };
}

export function depositCredited(deposit: DepositFacts): Transfer {
  const { asset, amount, ownerKind, ownerId } = deposit;
  const hot = debit(account('custody_hot', asset), amount);
  if (ownerId !== null) {
    return depositTransfer(deposit, 'credited', 'custody.deposit-credited', [
      hot,
      credit(account('deposit_in_flight', asset), amount),
      debit(account('customer_pending_in', asset, ownerId), amount),
      credit(account('customer_available', asset, ownerId), amount),
    ]);
  }
  return ownerKind === 'house'
    ? depositTransfer(deposit, 'credited', 'custody.house-deposit-credited', [
        hot,
        credit(account('house_inventory', asset), amount),
      ])
    : depositTransfer(deposit, 'credited', 'custody.unidentified-deposit', [
        hot,
        credit(account('suspense_credit', asset), amount),
      ]);
}

/** Credited, and then undone by the chain: the coins are gone, the claim stands, the gap has a name until people close it. */
export function depositLost(deposit: DepositFacts): Transfer {
  const { asset, amount } = deposit;
  return depositTransfer(deposit, 'lost', 'custody.deposit-lost', [
    debit(account('suspense_debit', asset), amount),
    credit(account('custody_hot', asset), amount),
  ]);
}

/** The mirror of {@link depositLost}, when the deposit was mined again after all. */
export function depositFound(deposit: DepositFacts): Transfer {
  const lost = depositLost(deposit);
  const legs = lost.legs.map((leg) => ({ ...leg, amount: -leg.amount }));
  return { ...depositTransfer(deposit, 'found', 'ledger.reversal', legs), reverses: lost.id };
}

export interface SpendFacts {
  readonly chainId: string;
  readonly txid: string;
  readonly what: string;
  readonly asset: ChainAsset;
  readonly amount: bigint;
  readonly sightings: number;
}

/** Coins that somebody else spent: they are gone, claims stand, and the gap has a name until people close it. */
export function coinsLost({ chainId, txid, what, asset, amount, sightings }: SpendFacts): Transfer {
  return {
    id: uuidV5('custody.foreign-spend', chainId, txid, what, 'lost', sightings),
    kind: 'custody.coins-lost',
    legs: [debit(account('suspense_debit', asset), amount), credit(account('custody_hot', asset), amount)],
  };
}

/** The mirror of {@link coinsLost}, when a reorganisation undid what took them. */
export function coinsFound(spend: SpendFacts): Transfer {
  const lost = coinsLost(spend);
  return {
    id: uuidV5('custody.foreign-spend', spend.chainId, spend.txid, spend.what, 'found', spend.sightings),
    kind: 'ledger.reversal',
    legs: lost.legs.map((leg) => ({ ...leg, amount: -leg.amount })),
    reverses: lost.id,
  };
}

export interface WithdrawalFacts {
  readonly id: string;
  readonly asset: ChainAsset;
  readonly customerId: string;
  readonly amount: bigint;
  /** What the customer pays for the network. */
  readonly fee: bigint;
}

const intentTransfer = (id: string, what: string, kind: string, legs: readonly Leg[]): Transfer => ({
  id: uuidV5('custody.intent', id, what),
  kind,
  legs,
  group: id,
});

const available = ({ asset, customerId }: WithdrawalFacts) => account('customer_available', asset, customerId);

/** Sets amount and fee aside; the hold has the withdrawal's own id. */
export function withdrawalHeld(withdrawal: WithdrawalFacts): Transfer {
  const { id, amount, fee } = withdrawal;
  return intentTransfer(
    id,
    'held',
    'custody.withdrawal-hold',
    holdLegs({ hold: id, from: available(withdrawal), amount: amount + fee }),
  );
}

export function withdrawalReleased(withdrawal: WithdrawalFacts): Transfer {
  const { id, amount, fee } = withdrawal;
  const legs = releaseLegs({ hold: id, from: available(withdrawal), amount: amount + fee });
  return intentTransfer(id, 'released', 'custody.withdrawal-released', legs);
}

/** A signed transaction has left: the hold is captured, and the coins are in flight. */
export function withdrawalBroadcast(withdrawal: WithdrawalFacts): Transfer {
  const { id, asset, amount, fee } = withdrawal;
  const to = [
    { account: account('withdrawals_payable', asset), amount },
    ...(fee > 0n ? [{ account: account('network_fee_revenue', asset), amount: fee }] : []),
  ];
  return intentTransfer(id, 'broadcast', 'custody.withdrawal-broadcast', [
    ...captureLegs({ hold: id, from: available(withdrawal), to }),
    debit(account('withdrawal_in_flight', asset), amount),
    credit(account('custody_hot', asset), amount),
  ]);
}

/** It has arrived, and cost what it cost. */
export function withdrawalSettled({ id, asset, amount }: WithdrawalFacts, networkFee: bigint): Transfer {
  return intentTransfer(id, 'settled', 'custody.withdrawal-settled', [
    debit(account('withdrawals_payable', asset), amount),
    credit(account('withdrawal_in_flight', asset), amount),
    ...networkFeeLegs(asset, networkFee),
  ]);
}

/** It will never arrive: the coins are ours again, and the customer gets amount and fee back. What the network took is our loss. */
export function withdrawalRefunded(withdrawal: WithdrawalFacts, networkFee: bigint): Transfer {
  const { id, asset, amount, fee } = withdrawal;
  return intentTransfer(id, 'refunded', 'custody.withdrawal-refunded', [
    debit(account('custody_hot', asset), amount),
    credit(account('withdrawal_in_flight', asset), amount),
    debit(account('withdrawals_payable', asset), amount),
    ...(fee > 0n ? [debit(account('network_fee_revenue', asset), fee)] : []),
    credit(available(withdrawal), amount + fee),
    ...networkFeeLegs(asset, networkFee),
  ]);
}

/**
 * A deep reorganisation changed how a final withdrawal or sweep has ended. What was refunded and then paid after all is missing, what was
 * settled and then cancelled is owed: both wait for people under their own name.
 */
export function outcomeChanged(
  intent: { readonly id: string; readonly asset: ChainAsset; readonly amount: bigint },
  step: number,
  change: { readonly fee: bigint; readonly paid: 'now' | 'no more' | 'as before' },
): Transfer | undefined {
  const { id, asset, amount } = intent;
  const fee = change.fee < 0n ? negated(networkFeeLegs(asset, -change.fee)) : networkFeeLegs(asset, change.fee);
  const hot = account('custody_hot', asset);
  const paid =
    change.paid === 'as before'
      ? []
      : change.paid === 'now'
        ? [debit(account('suspense_debit', asset), amount), credit(hot, amount)]
        : [debit(hot, amount), credit(account('suspense_credit', asset), amount)];
  const legs = [...fee, ...paid];
  return legs.length === 0 ? undefined : intentTransfer(id, `outcome ${step}`, 'custody.outcome-changed', legs);
}

/** A sweep moves coins from ours to ours: the books see its fee only. */
export function sweepSettled(id: string, asset: ChainAsset, networkFee: bigint): Transfer | undefined {
  if (networkFee === 0n) return undefined;
  return intentTransfer(id, 'settled', 'custody.sweep-settled', networkFeeLegs(asset, networkFee));
}

const negated = (legs: readonly Leg[]): readonly Leg[] => legs.map((leg) => ({ ...leg, amount: -leg.amount }));

function networkFeeLegs(asset: ChainAsset, fee: bigint): readonly Leg[] {
  return fee === 0n ? [] : [debit(account('network_fees', asset), fee), credit(account('custody_hot', asset), fee)];
}
