import { type Tx } from '@base/database';
import { type AccountBalance, type AccountType, listAccounts } from '@platform/ledger';
import { findNumbers } from './accounts.js';
import { EXCHANGE_ACCOUNT_TYPES, numberOfType } from './engine-names.js';

/** What the ledger says that somebody has on the exchange, in minor units. */
export interface ExchangeBalance extends Pick<AccountBalance, 'asset' | 'balance' | 'owner'> {
  /** The engine's; null for a customer of the ledger whom the engine does not know. */
  readonly account: number | null;
}

const PAGE = 1_000;

/** Every balance on the exchange that is not zero, the venue's own among them. */
export async function readExchangeBalances(tx: Tx): Promise<ExchangeBalance[]> {
  const balances: AccountBalance[] = [];
  for (const type of EXCHANGE_ACCOUNT_TYPES) balances.push(...(await allAccounts(tx, type)));
  const owners = balances.flatMap(({ owner }) => (owner === null ? [] : [owner]));
  const numbers = await findNumbers(tx, owners);
  return balances.map(({ type, owner, asset, balance }) => {
    const account = (owner === null ? numberOfType(type) : numbers.get(owner)) ?? null;
    return { account, owner, asset, balance };
  });
}

async function allAccounts(tx: Tx, type: AccountType): Promise<AccountBalance[]> {
  const found: AccountBalance[] = [];
  for (let after = 0n; ;) {
    const page = await listAccounts(tx, { type, nonZero: true }, { after, limit: PAGE });
    found.push(...page);
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found;
    after = last.number;
  }
}
