import { type Queryable, type Tx } from '@base/database';
import { rate } from '@core/money';
import { pairOf } from '@platform/pricing';
import { type Hedge, type HedgeEvent, type HedgeState, nextHedgeState } from './hedge-order.js';
import { type HedgeFill } from './hedge-venue.js';

const COLUMNS = `id, client_id AS "clientId", asset, pair, side, amount, limit_num AS "limitNum", limit_den AS "limitDen",
  spent_asset AS "spentAsset", spent, position, state, version, sends, reason, mismatched, created_at AS "createdAt", updated_at AS "updatedAt"`;
const MOST = 200;

/** The newest first. */
export function listHedges(on: Queryable, filter: { before?: string | undefined; limit: number }): Promise<Hedge[]> {
  return on.query<Hedge>(
    `SELECT ${COLUMNS} FROM brokerage.hedge_order WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
    [filter.before ?? null, filter.limit],
  );
}

/** Locked until the transaction ends. */
export function lockHedge(tx: Tx, id: string): Promise<Hedge | undefined> {
  return tx.maybeOne<Hedge>(`SELECT ${COLUMNS} FROM brokerage.hedge_order WHERE id = $1 FOR UPDATE`, [id]);
}

/** Everything that is not over, the oldest first. */
export function listUnreconciledHedges(on: Queryable): Promise<Hedge[]> {
  return on.query<Hedge>(
    `SELECT ${COLUMNS} FROM brokerage.hedge_order WHERE state <> 'reconciled' ORDER BY id LIMIT ${MOST}`,
  );
}

export function insertHedge(
  tx: Tx,
  hedge: Omit<Hedge, 'state' | 'version' | 'sends' | 'reason' | 'mismatched' | 'updatedAt'>,
): Promise<Hedge> {
  return withHistory(
    tx,
    tx.one<Hedge>(
      `INSERT INTO brokerage.hedge_order
         (id, client_id, asset, pair, side, amount, limit_num, limit_den, spent_asset, spent, position, state, created_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'planned', $12, $12) RETURNING ${COLUMNS}`,
      [
        hedge.id,
        hedge.clientId,
        hedge.asset,
        hedge.pair,
        hedge.side,
        hedge.amount,
        hedge.limitNum,
        hedge.limitDen,
        hedge.spentAsset,
        hedge.spent,
        hedge.position,
        hedge.createdAt,
      ],
    ),
    'plan',
  );
}

/**
 * The next state by the table, with its row of history.
 * @throws Error when the table does not allow it, or somebody else was here first: then nothing was written
 */
export function advanceHedge(
  tx: Tx,
  hedge: Hedge,
  event: Exclude<HedgeEvent, 'plan'>,
  { at, reason = null }: { at: Date; reason?: string | null },
): Promise<Hedge> {
  const state: HedgeState | undefined = nextHedgeState(hedge.state, event);
  if (state === undefined) throw new Error(`a ${hedge.state} hedge cannot ${event}`);
  return withHistory(
    tx,
    tx.one<Hedge>(
      `UPDATE brokerage.hedge_order SET state = $3, version = version + 1, sends = sends + $4, reason = $5, mismatched = false, updated_at = $6
        WHERE id = $1 AND version = $2 RETURNING ${COLUMNS}`,
      [hedge.id, hedge.version, state, event === 'send' ? 1 : 0, reason?.slice(0, 200) ?? null, at],
    ),
    event,
  );
}

/** Whether it was not known to be. */
export async function markMismatched(tx: Tx, { id, version }: Hedge): Promise<boolean> {
  const rows = await tx.query(
    'UPDATE brokerage.hedge_order SET mismatched = true WHERE id = $1 AND version = $2 AND NOT mismatched RETURNING id',
    [id, version],
  );
  return rows.length === 1;
}

async function withHistory(tx: Tx, row: Promise<Hedge>, event: HedgeEvent): Promise<Hedge> {
  const hedge = await row;
  await tx.query(
    'INSERT INTO brokerage.hedge_history (order_id, version, event, state, reason, at) VALUES ($1, $2, $3, $4, $5, $6)',
    [hedge.id, hedge.version, event, hedge.state, hedge.reason, hedge.updatedAt],
  );
  return hedge;
}

export async function insertHedgeFills(tx: Tx, { id }: Hedge, fills: readonly HedgeFill[]): Promise<void> {
  for (const { tradeId, amount, price, fee } of fills) {
    await tx.query(
      'INSERT INTO brokerage.hedge_fill (order_id, trade_id, amount, price_num, price_den, fee) VALUES ($1, $2, $3, $4, $5, $6)',
      [id, tradeId, amount, price.numerator, price.denominator, fee],
    );
  }
}

export async function readHedgeFills(on: Queryable, { id, pair }: Pick<Hedge, 'id' | 'pair'>): Promise<HedgeFill[]> {
  const { base, quote } = pairOf(pair);
  const rows = await on.query<{ tradeId: string; amount: bigint; num: bigint; den: bigint; fee: bigint }>(
    `SELECT trade_id AS "tradeId", amount, price_num AS num, price_den AS den, fee FROM brokerage.hedge_fill WHERE order_id = $1 ORDER BY trade_id`,
    [id],
  );
  return rows.map(({ num, den, ...fill }) => ({ ...fill, price: rate(base, quote, num, den) }));
}
