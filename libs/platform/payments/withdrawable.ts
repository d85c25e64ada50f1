import { type AssetCode, type Money } from '@core/money';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { lockCustomer } from './customers.js';
import { assertUnrestricted } from './freezes.js';
import { refused } from './refusals.js';
import { activeValueHolds, type ValueHold } from './value-holds.js';

/** What something would fetch, rounded down and after the haircut of its asset; null when that cannot be said. */
export interface Valuation {
  value(of: Money, unit: AssetCode): Promise<bigint | null>;
}

/** Money counts for itself and nothing else: strict, and right where there are no prices. */
export const faceValue: Valuation = {
  value: ({ asset, minor }, unit) => Promise.resolve(asset === unit ? minor : null),
};

/**
 * Whether value may leave: a withdrawal `w` may when what the customer has, less `w`, still covers the value that must stay
 * (Σ valueᵢ·(1 − haircutᵢ) − value(w) ≥ Σ active holds). So held money may be traded, and what it gained may be taken out.
 */
export class Withdrawable {
  constructor(
    private readonly ledger: Ledger,
    private readonly clock: Clock,
    private readonly valuation: Valuation,
  ) {}

  /**
   * Serialises with every other decision about this customer until the transaction ends: call it before posting. For fiat and for coins alike.
   * @throws Refusal 403 `customer_restricted`, 422 `funds_on_hold`
   */
  async assert(tx: Tx, customerId: string, withdrawal: Money): Promise<void> {
    await lockCustomer(tx, customerId, this.clock.now());
    await assertUnrestricted(tx, customerId);
    const holds = await activeValueHolds(tx, customerId, this.clock.now());
    if (holds.length === 0) return;
    // What is on a hold is spoken for, by another withdrawal as like as not: it must not cover for this one.
    const owned = (await this.ledger.balances(customerId, tx)).map(({ asset, available }) => ({
      asset,
      minor: available,
    }));
    if (!(await this.#covers(holds, owned, withdrawal))) throw refused('funds_on_hold', { field: 'amount' });
  }

  async #covers(holds: readonly ValueHold[], owned: readonly Money[], withdrawal: Money): Promise<boolean> {
    const unit = holds[0]?.asset ?? withdrawal.asset;
    const must = await this.#sum(holds.map(({ asset, amount }) => ({ asset, minor: amount })), unit); // prettier-ignore
    // Holds in currencies that cannot be compared are each covered by their own.
    if (must === null) return eachByItself(holds, owned, withdrawal);
    const values = await Promise.all(owned.map((money) => this.valuation.value(money, unit)));
    const has = values.reduce<bigint>((total, value) => total + (value ?? 0n), 0n);
    // What has no value here was not counted above, so taking it out takes nothing away.
    const leaves = (await this.valuation.value(withdrawal, unit)) ?? 0n;
    return has - leaves >= must;
  }

  async #sum(all: readonly Money[], unit: AssetCode): Promise<bigint | null> {
    let total = 0n;
    for (const money of all) {
      const value = await this.valuation.value(money, unit);
      if (value === null) return null;
      total += value;
    }
    return total;
  }
}

function eachByItself(holds: readonly ValueHold[], owned: readonly Money[], withdrawal: Money): boolean {
  const of = (all: readonly Money[], asset: AssetCode): bigint =>
    all.reduce((sum, money) => sum + (money.asset === asset ? money.minor : 0n), 0n);
  const held = holds.map(({ asset, amount }) => ({ asset, minor: amount }));
  return [...new Set(held.map(({ asset }) => asset))].every(
    (asset) => of(owned, asset) - of([withdrawal], asset) >= of(held, asset),
  );
}
