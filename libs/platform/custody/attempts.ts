import { type Queryable, type Tx } from '@base/database';
import { type KeyPosition } from '@core/wallet';

/** One transaction for an intent. */
export interface Attempt {
  readonly intentId: string;
  readonly n: number;
  readonly chainId: string;
  readonly purpose: 'pay' | 'cancel';
  /** PSBT in base64, or unsigned bytes with `0x`. */
  readonly unsigned: string;
  /** Most that it pays to the network. */
  readonly fee: bigint;
  readonly feeRate: bigint;
  readonly tipRate: bigint | null;
  readonly from: KeyPosition | null;
  readonly nonce: bigint | null;
  readonly destination: string;
  readonly amount: bigint;
  readonly asked: number;
  readonly refused: number;
  readonly raw: string | null;
  readonly txid: string | null;
  readonly outcome: string | null;
  readonly broadcasts: number;
  /** Height of the chain when it was sent out first, and last. */
  readonly sentFirst: number | null;
  readonly sentLast: number | null;
  readonly height: number | null;
  readonly blockHash: string | null;
  readonly failed: boolean | null;
  readonly paidFee: bigint | null;
  readonly at: Date;
}

interface AttemptRow extends Omit<Attempt, 'from'> {
  readonly fromBranch: 0 | 1 | null;
  readonly fromIndex: number | null;
}

const ATTEMPT = `SELECT t.intent_id AS "intentId", t.n, t.chain_id AS "chainId", t.purpose, t.unsigned, t.fee, t.fee_rate AS "feeRate",
    t.tip_rate AS "tipRate", t.from_branch AS "fromBranch", t.from_index AS "fromIndex", t.nonce, t.destination, t.amount, t.asked, t.refused,
    t.raw, t.txid, t.outcome, t.broadcasts, t.sent_first AS "sentFirst", t.sent_last AS "sentLast", t.height, t.block_hash AS "blockHash", t.failed,
    t.paid_fee AS "paidFee", t.at FROM custody.attempt t`;

const present = ({ fromBranch, fromIndex, ...row }: AttemptRow): Attempt => ({
  ...row,
  from: fromBranch === null || fromIndex === null ? null : { branch: fromBranch, index: fromIndex },
});

/** What a builder makes: a transaction that nobody has signed. */
export type BuiltTransaction = Pick<
  Attempt,
  'unsigned' | 'fee' | 'feeRate' | 'tipRate' | 'from' | 'nonce' | 'destination' | 'amount'
>;

export async function insertAttempt(
  tx: Tx,
  attempt: BuiltTransaction & Pick<Attempt, 'intentId' | 'n' | 'chainId' | 'purpose' | 'at'>,
): Promise<void> {
  await tx.query(
    `INSERT INTO custody.attempt (intent_id, n, chain_id, purpose, unsigned, fee, fee_rate, tip_rate, from_branch, from_index, nonce,
       destination, amount, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
    [
      attempt.intentId,
      attempt.n,
      attempt.chainId,
      attempt.purpose,
      attempt.unsigned,
      attempt.fee,
      attempt.feeRate,
      attempt.tipRate,
      attempt.from?.branch ?? null,
      attempt.from?.index ?? null,
      attempt.nonce,
      attempt.destination,
      attempt.amount,
      attempt.at,
    ],
  );
}

/** All attempts of an intent, first to last. */
export async function attemptsOf(db: Queryable, intentId: string): Promise<Attempt[]> {
  return (await db.query<AttemptRow>(`${ATTEMPT} WHERE t.intent_id = $1 ORDER BY t.n`, [intentId])).map(present);
}

/** Attempts among these transactions. */
export async function attemptsAmong(db: Queryable, chainId: string, txids: readonly string[]): Promise<Attempt[]> {
  if (txids.length === 0) return [];
  const rows = await db.query<AttemptRow>(
    `${ATTEMPT} WHERE t.chain_id = $1 AND t.txid = ANY ($2) ORDER BY t.intent_id, t.n`,
    [chainId, [...txids]],
  );
  return rows.map(present);
}

/** Final intents whose transaction a deep reorganisation took out of the chain: it has to get back in. */
export async function undoneAttempts(db: Queryable, chainId: string): Promise<Attempt[]> {
  const rows = await db.query<AttemptRow>(
    `${ATTEMPT} JOIN custody.intent i ON i.id = t.intent_id AND i.settled_attempt = t.n
      WHERE t.chain_id = $1 AND t.height IS NULL AND i.state IN ('settled', 'replaced', 'failed_onchain') ORDER BY t.intent_id LIMIT 100`,
    [chainId],
  );
  return rows.map(present);
}

/** Attempts that are waiting for a signature, oldest intent first. */
export async function unsignedAttempts(db: Queryable, chainId: string, now: Date): Promise<Attempt[]> {
  const rows = await db.query<AttemptRow>(
    `${ATTEMPT} JOIN custody.intent i ON i.id = t.intent_id
      WHERE t.chain_id = $1 AND t.raw IS NULL AND i.not_before <= $2 ORDER BY t.intent_id, t.n LIMIT 100`,
    [chainId, now],
  );
  return rows.map(present);
}

/** Attempts that stand in a block. */
export async function attemptsIn(db: Queryable, chainId: string, blockHash: string): Promise<Attempt[]> {
  const rows = await db.query<AttemptRow>(
    `${ATTEMPT} WHERE t.chain_id = $1 AND t.block_hash = $2 ORDER BY t.intent_id, t.n`,
    [chainId, blockHash],
  );
  return rows.map(present);
}

/** Written before the signer is asked: from here on a signature may exist. */
export async function countQuestion(tx: Tx, { intentId, n }: Attempt): Promise<void> {
  await tx.query('UPDATE custody.attempt SET asked = asked + 1 WHERE intent_id = $1 AND n = $2', [intentId, n]);
}

export async function countRefusal(tx: Tx, { intentId, n }: Attempt): Promise<void> {
  await tx.query('UPDATE custody.attempt SET refused = refused + 1 WHERE intent_id = $1 AND n = $2', [intentId, n]);
}

export async function storeSignature(
  tx: Tx,
  { intentId, n }: Attempt,
  signed: { raw: string; txid: string; logLength: number },
): Promise<void> {
  await tx.query('UPDATE custody.attempt SET raw = $3, txid = $4, log_length = $5 WHERE intent_id = $1 AND n = $2', [
    intentId,
    n,
    signed.raw,
    signed.txid,
    signed.logLength,
  ]);
}

/** Longest signer log that any answer has shown. */
export async function seenLogLength(db: Queryable): Promise<number> {
  const { seen } = await db.one<{ seen: number }>('SELECT coalesce(max(log_length), 0) AS seen FROM custody.attempt');
  return seen;
}

export async function storeOutcome(
  tx: Tx,
  { intentId, n }: Attempt,
  sent: { outcome: string; height: number },
): Promise<void> {
  await tx.query(
    `UPDATE custody.attempt SET outcome = $3, broadcasts = broadcasts + 1, sent_first = coalesce(sent_first, $4), sent_last = $4
      WHERE intent_id = $1 AND n = $2`,
    [intentId, n, sent.outcome, sent.height],
  );
}

export async function placeAttempt(
  tx: Tx,
  { intentId, n }: Attempt,
  block: { height: number; hash: string; failed: boolean; paidFee: bigint } | null,
): Promise<void> {
  await tx.query(
    'UPDATE custody.attempt SET height = $3, block_hash = $4, failed = $5, paid_fee = $6 WHERE intent_id = $1 AND n = $2',
    [intentId, n, block?.height ?? null, block?.hash ?? null, block?.failed ?? null, block?.paidFee ?? null],
  );
}

/** Forgets an attempt that was certainly never signed. The database refuses it for any other. */
export async function forgetAttempt(tx: Tx, { intentId, n }: Attempt): Promise<void> {
  await tx.query('DELETE FROM custody.attempt WHERE intent_id = $1 AND n = $2', [intentId, n]);
}

/** Whether the signer can have signed it: it did, or it was asked and did not say no. */
export const maySigned = ({ raw, asked, refused }: Attempt): boolean => raw !== null || asked > refused;
