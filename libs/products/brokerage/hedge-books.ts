import { type AssetCode } from '@core/money';
import { type Queryable, uuidV5, uuidV7 } from '@base/database';
import { account, type Account, credit, debit, type Transfer } from '@platform/ledger';
import { inventory } from './inventory.js';

/** In whose name the house trades. */
export interface HedgeMember {
  readonly customerId: string;
  readonly venue: string;
  readonly appointedAt: Date;
}

export function readHedgeMember(on: Queryable): Promise<HedgeMember | undefined> {
  return on.maybeOne<HedgeMember>(
    'SELECT customer_id AS "customerId", venue, appointed_at AS "appointedAt" FROM brokerage.hedge_member',
  );
}

/** How the desk is hedged, for people. */
export const describeHedging = (member: HedgeMember | undefined): string =>
  member ? `hedged on ${member.venue}` : 'no venue is configured: positions are held within their limits';

/**
 * Where the house's money is between its inventory and the venue, and at the venue: a customer's accounts, since there it is one of the members. What stands
 * on them is the house's own, and counts to its position.
 */
export const memberAccounts = (memberId: string, asset: AssetCode) =>
  ({
    available: account('customer_available', asset, memberId),
    onTheWay: account('exchange_transit', asset, memberId),
    atVenue: account('exchange_available', asset, memberId),
  }) as const satisfies Record<string, Account>;

export function hedgeOut(hedgeId: string, memberId: string, asset: AssetCode, amount: bigint): Transfer {
  const legs = [debit(inventory(asset), amount), credit(memberAccounts(memberId, asset).available, amount)];
  return { id: uuidV5('brokerage.hedge-out', hedgeId), kind: 'brokerage.hedge-out', group: hedgeId, legs };
}

/** Whatever has come back: its amount was read under the lock of this transaction's posting, which refuses more than there is. */
export function hedgeHome(memberId: string, asset: AssetCode, amount: bigint): Transfer {
  const legs = [debit(memberAccounts(memberId, asset).available, amount), credit(inventory(asset), amount)];
  return { id: uuidV7(), kind: 'brokerage.hedge-home', legs };
}
