import { FEE_ACCOUNT, ROUNDING_ACCOUNT } from '@core/contracts';
import { type BustLeg } from './bust.js';
import { type EngineAsset, unitsOf } from './engine-asset.js';

/** One side of the trade, as its fill was recorded. Amounts in minor units of the quote asset. */
export interface TradedSide {
  readonly account: number;
  readonly side: 'buy' | 'sell';
  readonly quantity: bigint;
  readonly notional: bigint;
  /** A rebate is below zero. */
  readonly fee: bigint;
}

/**
 * A spot trade the other way round: what each account has to give back in each asset, and what it gets. The buyer and the seller, the fee account
 * and the rounding account; one leg for each account and asset, what comes to nothing has none.
 */
export function bustLegs(
  sides: readonly TradedSide[],
  { base, quote, lotUnits }: { base: EngineAsset; quote: EngineAsset; lotUnits: bigint },
): BustLeg[] {
  const net = new Map<string, { account: number; asset: EngineAsset; units: bigint }>();
  const add = (account: number, asset: EngineAsset, units: bigint): void => {
    const key = `${account} ${asset.number}`;
    const known = net.get(key);
    if (known === undefined) net.set(key, { account, asset, units });
    else known.units += units;
  };
  for (const { account, side, quantity, notional, fee } of sides) {
    const sign = side === 'buy' ? 1n : -1n;
    const [paid, charged] = [engineUnits(quote, notional), engineUnits(quote, fee)];
    add(account, base, -sign * quantity * lotUnits);
    add(account, quote, sign * paid + charged);
    add(FEE_ACCOUNT, quote, -charged);
    add(ROUNDING_ACCOUNT, quote, -sign * paid);
  }
  return [...net.values()]
    .filter(({ units }) => units !== 0n)
    .map(({ account, asset, units }, leg) => {
      const size = units < 0n ? -units : units;
      return {
        leg,
        direction: units < 0n ? 'take' : 'give',
        account,
        asset: asset.code,
        amount: size * asset.unit,
        units: size,
      };
    });
}

/** @throws Error when a fill is no whole number of the engine's units, which settlement never writes */
function engineUnits(asset: EngineAsset, minor: bigint): bigint {
  const units = unitsOf(asset, minor);
  if (units === undefined) throw new Error(`${minor} of ${asset.code} is no whole number of the engine's units`);
  return units;
}
