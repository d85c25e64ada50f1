import { type AssetCode } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { type Prices } from '@platform/pricing';
import { memberAccounts } from './hedge-books.js';
import { inventory } from './inventory.js';
import { sideClosed } from './refusals.js';

/**
 * What the house holds of an asset and how far that is from its own funds: what customers bought or sold and nobody has hedged. Measured
 * against what was funded, so that the house's capital is not a risk position.
 */
export interface HousePosition {
  readonly asset: AssetCode;
  readonly inventory: bigint;
  /** The house's own at the venue where it hedges, and on the way there and back. */
  readonly atVenue: bigint;
  readonly funded: bigint;
  /** `inventory + atVenue − funded`: long above zero, short below. */
  readonly position: bigint;
  /** The position in US cents by the last price; null while there has been none. */
  readonly positionCents: bigint | null;
  readonly softCents: bigint;
  readonly hardCents: bigint;
  /** The dollar, in which risk is measured, has no limit. */
  readonly limited: boolean;
}

/** A change of the house's inventory in an asset's minor units. */
export interface PositionChange {
  readonly asset: AssetCode;
  readonly change: bigint;
}

interface LimitRow {
  soft_cents: bigint | null;
  hard_cents: bigint | null;
  funded: bigint;
  member: string | null;
}

/** The desk's book: read from the ledger each time, kept nowhere else. */
export class House {
  constructor(
    private readonly ledger: Ledger,
    private readonly prices: Prices,
  ) {}

  async position(db: Queryable, asset: AssetCode): Promise<HousePosition> {
    const limit = await db.one<LimitRow>(
      `SELECT l.soft_cents, l.hard_cents, (SELECT coalesce(sum(f.amount), 0) FROM brokerage.house_funding f WHERE f.asset = $1) AS funded,
              (SELECT m.customer_id FROM brokerage.hedge_member m) AS member
         FROM (SELECT $1::text AS asset) a LEFT JOIN brokerage.house_limit l ON l.asset = a.asset`,
      [asset],
    );
    const { funded, member } = limit;
    const elsewhere = member === null ? [] : Object.values(memberAccounts(member, asset));
    const [held = 0n, ...others] = await this.ledger.balancesOf([inventory(asset), ...elsewhere], db);
    const atVenue = others.reduce((sum, balance) => sum + balance, 0n);
    const position = held + atVenue - funded;
    return {
      asset,
      inventory: held,
      atVenue,
      funded,
      position,
      positionCents: this.#cents(position, asset),
      softCents: limit.soft_cents ?? 0n,
      hardCents: limit.hard_cents ?? 0n,
      limited: limit.hard_cents !== null,
    };
  }

  /** Net exposure in every asset the desk deals in. */
  async positions(db: Queryable): Promise<HousePosition[]> {
    const rows = await db.query<{ symbol: string }>('SELECT symbol FROM brokerage.pair ORDER BY rank LIMIT 500');
    const assets = [...new Set(rows.flatMap(({ symbol }) => symbol.split('-') as AssetCode[]))];
    const positions: HousePosition[] = [];
    for (const asset of assets) positions.push(await this.position(db, asset));
    return positions;
  }

  /** The first asset in which these changes are refused: past its hard limit, or more than the inventory has. */
  async closedFor(db: Queryable, changes: readonly PositionChange[]): Promise<AssetCode | undefined> {
    for (const { asset, change } of changes) {
      const position = await this.position(db, asset);
      if (position.inventory + change < 0n && change < 0n) return asset;
      if (breaksHardLimit(position, change, this.#cents(position.position + change, asset))) return asset;
    }
    return undefined;
  }

  /**
   * As {@link closedFor}, queueing orders in the same assets behind each other until the transaction ends: no two are let in by one headroom.
   * @throws Refusal `side_closed`
   */
  async claim(tx: Tx, changes: readonly PositionChange[]): Promise<void> {
    const assets = changes.map(({ asset }) => asset).sort();
    await tx.query('SELECT FROM brokerage.house_limit WHERE asset = ANY ($1) ORDER BY asset FOR UPDATE', [assets]);
    const closed = await this.closedFor(tx, changes);
    if (closed) throw sideClosed(closed);
  }

  /** Signed US cents by the last price, away from zero: risk is not rounded down. */
  #cents(minor: bigint, asset: AssetCode): bigint | null {
    const size = this.prices.value(minor < 0n ? -minor : minor, asset, 'USD', 'ceil');
    return size === undefined ? null : minor < 0n ? -size : size;
  }
}

const size = (of: bigint): bigint => (of < 0n ? -of : of);

/**
 * Whether a change leads further from zero and past the hard limit. What brings the position nearer to zero is always welcome; without a
 * price, nothing that adds risk is.
 */
export function breaksHardLimit(
  { position, hardCents, limited }: HousePosition,
  change: bigint,
  afterCents: bigint | null,
): boolean {
  if (!limited || size(position + change) <= size(position)) return false;
  return afterCents === null || size(afterCents) > hardCents;
}
