import { type Queryable, type Tx } from '@base/database';
import { type BankLine } from './bank-rail.js';

/** What a line turned out to be. */
export type Resolution = 'customer' | 'treasury' | 'payout' | 'withdrawal' | 'suspense' | 'unordered_debit';

/** Only one at a time looks at a line. True: it is known already. */
export async function claimBankLine(tx: Tx, lineId: string): Promise<boolean> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('payments.bank-line ' || $1, 0))`, [lineId]);
  return (await tx.maybeOne('SELECT id FROM payments.bank_line WHERE id = $1', [lineId])) !== undefined;
}

export async function insertBankLine(
  tx: Tx,
  line: BankLine,
  as: { resolution: Resolution; transferId: string; now: Date },
): Promise<void> {
  await tx.query(
    `INSERT INTO payments.bank_line (id, seq, asset, direction, amount, booked_at, counterparty_name, counterparty_account, reference,
       end_to_end_id, return_of, resolution, transfer_id, received_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      line.id,
      line.seq,
      line.asset,
      line.direction,
      line.amount,
      line.bookedAt,
      line.counterparty.name,
      line.counterparty.account,
      line.reference,
      line.endToEndId,
      line.returnOf,
      as.resolution,
      as.transferId,
      as.now,
    ],
  );
}

/** Whether a line that is known already is booked by this transfer. */
export async function isBookedByLine(on: Queryable, transferId: string): Promise<boolean> {
  return (await on.maybeOne('SELECT id FROM payments.bank_line WHERE transfer_id = $1', [transferId])) !== undefined;
}

/** The transfers that book these lines, by line. */
export async function transfersOfLines(on: Queryable, lineIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await on.query<{ id: string; transferId: string }>(
    'SELECT id, transfer_id AS "transferId" FROM payments.bank_line WHERE id = ANY ($1)',
    [lineIds],
  );
  return new Map(rows.map(({ id, transferId }) => [id, transferId]));
}
