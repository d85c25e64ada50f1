import { assetOf, type AssetCode, mulDiv } from '@core/money';
import { type Prices } from './prices.js';

const BPS = 10_000n;
/** What an asset may lose before it can be sold, when it covers a claim in another one. */
const HAIRCUT_BPS = { fiat: 200n, token: 500n, native: 2_000n, points: BPS } as const;

/** What something would fetch to cover a claim in `unit`: by firm prices only, less a haircut, rounded down. Null when there is no firm price. */
export class CautiousValuation {
  constructor(private readonly prices: Prices) {}

  value({ asset, minor }: { asset: AssetCode; minor: bigint }, unit: AssetCode): Promise<bigint | null> {
    if (asset === unit) return Promise.resolve(minor);
    const worth = this.prices.firmValue(minor, asset, unit);
    return Promise.resolve(
      worth === undefined ? null : mulDiv(worth, BPS - HAIRCUT_BPS[assetOf(asset).kind], BPS, 'floor'),
    );
  }
}
