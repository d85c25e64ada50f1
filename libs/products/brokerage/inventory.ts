import { type AssetCode } from '@core/money';
import { account, type Account } from '@platform/ledger';

/** What the desk sells from. */
export const inventory = (asset: AssetCode): Account => account('house_inventory', asset);
