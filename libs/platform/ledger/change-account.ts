import { brokenConstraint, sqlState, type Tx } from '@base/database';
import { Refusal, type RefusalOptions } from '@base/http';
import { type Account } from './account.js';
import { type AccountStatus } from './balances.js';

/** Who changes an account, and why; kept for good. */
export interface AccountChange {
  readonly reason: string;
  /** The operator or the process. */
  readonly by: string;
  readonly at: Date;
}

const REFUSALS = {
  unknown_account: [404, 'There is no such account'],
  account_closed: [409, 'A closed account stays closed'],
  account_not_empty: [409, 'Only an empty account can be closed'],
  balance_below_floor: [409, 'The balance is below that floor already'],
} as const satisfies Record<string, readonly [RefusalOptions['status'], string]>;

export type AccountChangeRefusalCode = keyof typeof REFUSALS;

export class AccountChangeRefusal extends Refusal {
  declare readonly code: AccountChangeRefusalCode;
  override readonly name = 'AccountChangeRefusal';

  constructor(
    code: AccountChangeRefusalCode,
    readonly accountPath: string,
  ) {
    const [status, title] = REFUSALS[code];
    super(code, { status, title });
  }
}

const CONSTRAINTS: Readonly<Record<string, AccountChangeRefusalCode>> = {
  balances_closed_is_empty: 'account_not_empty',
  balances_floor: 'balance_below_floor',
};
const CLOSED_FOR_GOOD = 'LG005';

/**
 * Gives an open account another status, or another floor (`null`: none). Frozen: may only receive. Closed: nothing moves, for good.
 * @throws AccountChangeRefusal, and nothing changed
 */
export async function changeAccount(
  tx: Tx,
  account: Account,
  { status, floor }: { readonly status?: AccountStatus; readonly floor?: bigint | null },
  { reason, by, at }: AccountChange,
): Promise<void> {
  const row = await tx.maybeOne<{ id: bigint }>('SELECT id FROM ledger.accounts WHERE path = $1', [account.path]);
  if (row === undefined) throw new AccountChangeRefusal('unknown_account', account.path);
  const values = [row.id, status ?? null, floor !== undefined, floor ?? null, reason, by, at];
  await tx.query('SELECT ledger.change_account($1, $2, $3, $4, $5, $6, $7)', values).catch((error: unknown) => {
    const isClosed = sqlState(error) === CLOSED_FOR_GOOD;
    const code = isClosed ? 'account_closed' : CONSTRAINTS[brokenConstraint(error) ?? ''];
    throw code === undefined ? error : new AccountChangeRefusal(code, account.path);
  });
}
