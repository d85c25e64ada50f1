import { type AssetCode, isAssetCode } from '@core/money';
import { ACCOUNT_TYPES, type AccountType } from './chart.js';

/** The name of an account. It need not be open: accounts open themselves when a transfer first touches them. */
export interface Account {
  readonly type: AccountType;
  readonly asset: AssetCode;
  /** Whose it is, a UUID: a customer, a wallet, a bank account, a loan. None for the house's single accounts. */
  readonly owner: string | null;
  /** `type:asset` or `type:asset:owner`, unique and readable. */
  readonly path: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isUuid = (text: string): boolean => UUID.test(text);

/** @throws RangeError when the owner is not a UUID in lower case: two spellings would be two accounts. */
export function account(type: AccountType, asset: AssetCode, owner?: string): Account {
  if (owner !== undefined && !isUuid(owner))
    throw new RangeError(`the owner of an account is a UUID in lower case, not ${owner}`);
  return {
    type,
    asset,
    owner: owner ?? null,
    path: owner === undefined ? `${type}:${asset}` : `${type}:${asset}:${owner}`,
  };
}

const TYPES: ReadonlySet<string> = new Set(Object.values(ACCOUNT_TYPES).flat());
const isAccountType = (name: string): name is AccountType => TYPES.has(name);

/** The account that a path names, or undefined when it names none that the chart allows. */
export function accountAt(path: string): Account | undefined {
  const [type = '', asset = '', owner, ...rest] = path.split(':');
  if (!isAccountType(type) || !isAssetCode(asset) || rest.length > 0) return undefined;
  if (owner !== undefined && !isUuid(owner)) return undefined;
  return account(type, asset, owner);
}
