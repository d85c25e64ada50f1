import { type Queryable, type Tx } from '@base/database';
import { type Deposit, type DepositEvent, type DepositState } from './deposit.js';

const COLUMNS = `d.id, d.chain_id AS "chainId", d.txid, d.place, d.address_id AS "addressId", a.owner_kind AS "ownerKind",
  a.customer_id AS "customerId", d.asset, d.amount, d.state, d.round, d.height, d.block_hash AS "blockHash", d.confirmations,
  d.seen_at AS "seenAt", d.credited_at AS "creditedAt"`;
const FROM = 'custody.deposit d JOIN custody.address a ON a.id = d.address_id';

export const depositById = (on: Queryable, id: string): Promise<Deposit | undefined> =>
  on.maybeOne<Deposit>(`SELECT ${COLUMNS} FROM ${FROM} WHERE d.id = $1`, [id]);

export const lockDeposit = (tx: Tx, id: string): Promise<Deposit | undefined> =>
  tx.maybeOne<Deposit>(`SELECT ${COLUMNS} FROM ${FROM} WHERE d.id = $1 FOR UPDATE OF d`, [id]);

/** Seen deposits that lie deep enough under `tip`, oldest first. */
export const depositsDue = (on: Queryable, chainId: string, tip: number, limit: number): Promise<Deposit[]> =>
  on.query<Deposit>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE d.chain_id = $1 AND d.state = 'seen' AND d.height + d.confirmations - 1 <= $2
      ORDER BY d.height, d.id LIMIT $3`,
    [chainId, tip, limit],
  );

/** What a block held, locked. */
export const depositsInBlock = (tx: Tx, chainId: string, blockHash: string): Promise<Deposit[]> =>
  tx.query<Deposit>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE d.chain_id = $1 AND d.block_hash = $2 ORDER BY d.id FOR UPDATE OF d`,
    [chainId, blockHash],
  );

export interface DepositListing {
  readonly customerId?: string | undefined;
  readonly asset?: string | undefined;
  readonly state?: string | undefined;
  /** Deposits older than this one: the position of the last page's last item. */
  readonly before?: { readonly seenAt: string; readonly id: string } | undefined;
  readonly limit: number;
}

/** Newest first. */
export const listDeposits = (on: Queryable, of: DepositListing): Promise<Deposit[]> =>
  on.query<Deposit>(
    `SELECT ${COLUMNS} FROM ${FROM}
      WHERE ($1::uuid IS NULL OR a.customer_id = $1) AND ($2::text IS NULL OR d.asset = $2) AND ($3::text IS NULL OR d.state = $3)
        AND ($4::timestamptz IS NULL OR (d.seen_at, d.id) < ($4, $5::uuid))
      ORDER BY d.seen_at DESC, d.id DESC LIMIT $6`,
    [
      of.customerId ?? null,
      of.asset ?? null,
      of.state ?? null,
      of.before?.seenAt ?? null,
      of.before?.id ?? null,
      of.limit,
    ],
  );

export async function insertDeposit(tx: Tx, deposit: Deposit): Promise<void> {
  await tx.query(
    `INSERT INTO custody.deposit (id, chain_id, txid, place, address_id, asset, amount, state, round, height, block_hash, confirmations, seen_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [deposit.id, deposit.chainId, deposit.txid, deposit.place, deposit.addressId, deposit.asset, deposit.amount, deposit.state,
     deposit.round, deposit.height, deposit.blockHash, deposit.confirmations, deposit.seenAt],
  ); // prettier-ignore
  await noteDeposit(tx, deposit, { event: 'shown', from: null, at: deposit.seenAt });
}

/** Writes state, round, block and time of crediting, and the step into the history. */
export async function updateDeposit(
  tx: Tx,
  deposit: Deposit,
  step: { readonly event: DepositEvent; readonly from: DepositState; readonly at: Date },
): Promise<void> {
  await tx.query(
    'UPDATE custody.deposit SET state = $2, round = $3, height = $4, block_hash = $5, credited_at = $6 WHERE id = $1',
    [deposit.id, deposit.state, deposit.round, deposit.height, deposit.blockHash, deposit.creditedAt],
  );
  await noteDeposit(tx, deposit, step);
}

async function noteDeposit(
  tx: Tx,
  deposit: Deposit,
  { event, from, at }: { event: string; from: DepositState | null; at: Date },
): Promise<void> {
  await tx.query(
    'INSERT INTO custody.deposit_history (deposit_id, event, from_state, to_state, block_hash, at) VALUES ($1, $2, $3, $4, $5, $6)',
    [deposit.id, event, from, deposit.state, deposit.blockHash, at],
  );
}
