import { type AssetCode } from '@core/money';
import { type Queryable, type Tx } from '@base/database';
import { type CardReportLine, type PayoutSnapshot } from './card-processor.js';

/** The payout that a bank line says it is. Anybody can write that, so it counts only for a payout that the processor has told of, once. */
export const payoutIdIn = (remittance: string): string | undefined => /\bpo_[0-9a-f]{24}\b/.exec(remittance)?.[0];

/** False when it is known already. */
export async function insertPayout(tx: Tx, payout: PayoutSnapshot, now: Date): Promise<boolean> {
  const inserted = await tx.maybeOne(
    `INSERT INTO payments.card_payout (id, asset, gross, fees, net, created_at, received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id`,
    [payout.processorId, payout.asset, payout.gross, payout.fees, payout.net, payout.createdAt, now],
  );
  return inserted !== undefined;
}

/** Ties a payout to the line that it arrived by, if it is that payout's money and it has not arrived before. */
export async function claimPayout(
  tx: Tx,
  payoutId: string,
  line: { id: string; asset: AssetCode; amount: bigint },
  transferId: string,
): Promise<boolean> {
  const claimed = await tx.maybeOne(
    `UPDATE payments.card_payout SET line_id = $2, transfer_id = $3
      WHERE id = $1 AND asset = $4 AND net = $5 AND line_id IS NULL RETURNING id`,
    [payoutId, line.id, transferId, line.asset, line.amount],
  );
  return claimed !== undefined;
}

export interface KnownPayout {
  readonly id: string;
  readonly asset: AssetCode;
  readonly net: bigint;
  readonly fees: bigint;
  readonly createdAt: Date;
  readonly transferId: string | null;
}

export function payoutsOf(on: Queryable, asset: AssetCode): Promise<KnownPayout[]> {
  return on.query<KnownPayout>(
    `SELECT id, asset, net, fees, created_at AS "createdAt", transfer_id AS "transferId" FROM payments.card_payout WHERE asset = $1
      ORDER BY created_at, id`,
    [asset],
  );
}

/** Rows of the processor's report, each kept once, as it states them. */
export async function insertReportLines(tx: Tx, lines: readonly CardReportLine[], now: Date): Promise<void> {
  for (const line of lines) {
    await tx.query(
      `INSERT INTO payments.card_line (id, seq, type, object_id, reference, asset, amount, fee, created_at, received_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
      [
        line.id,
        line.seq,
        line.type,
        line.objectId,
        line.reference,
        line.asset,
        line.amount,
        line.fee,
        line.createdAt,
        now,
      ],
    );
  }
}

export type KeptReportLine = Pick<CardReportLine, 'id' | 'type' | 'objectId' | 'reference' | 'amount' | 'createdAt'>;

export function reportLinesOf(on: Queryable, asset: AssetCode): Promise<KeptReportLine[]> {
  return on.query<KeptReportLine>(
    `SELECT id, type, object_id AS "objectId", reference, amount, created_at AS "createdAt"
       FROM payments.card_line WHERE asset = $1 ORDER BY seq`,
    [asset],
  );
}
