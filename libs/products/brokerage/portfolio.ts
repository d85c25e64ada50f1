import { type AssetCode } from '@core/money';
import { type Ledger, type OwnerBalance } from '@platform/ledger';
import { type Prices } from '@platform/pricing';

export interface Holding extends OwnerBalance {
  /** Available and held, in minor units of the valuation asset by the last price, rounded down; null while there has been none. */
  readonly value: bigint | null;
  /** Whether every price behind `value` is firm now. */
  readonly firm: boolean;
}

export interface Portfolio {
  readonly asset: AssetCode;
  readonly holdings: readonly Holding[];
  /** Of the holdings that have a value. */
  readonly total: bigint;
}

/** What a customer owns, read from the ledger and valued by the last prices. */
export class ReadPortfolio {
  constructor(
    private readonly ledger: Ledger,
    private readonly prices: Prices,
  ) {}

  async run(customerId: string, asset: AssetCode): Promise<Portfolio> {
    const balances = await this.ledger.balances(customerId);
    const holdings = balances.map((balance) => ({
      ...balance,
      value: this.prices.value(balance.available + balance.held, balance.asset, asset, 'floor') ?? null,
      firm: this.#isFirm(balance.asset, asset),
    }));
    return { asset, holdings, total: holdings.reduce((sum, { value }) => sum + (value ?? 0n), 0n) };
  }

  #isFirm(from: AssetCode, to: AssetCode): boolean {
    if (from === to) return true;
    const either = (a: AssetCode, b: AssetCode): boolean =>
      a === b || this.prices.firm(`${a}-${b}`) !== undefined || this.prices.firm(`${b}-${a}`) !== undefined;
    return either(from, to) || (either(from, 'USD') && either('USD', to));
  }
}
