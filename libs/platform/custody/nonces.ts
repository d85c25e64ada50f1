import { type Queryable, type Tx } from '@base/database';

/** One taker at a time: two payments must not plan with the same nonce. */
export async function lockAccount(tx: Tx, chainId: string, account: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.nonce:${chainId}:${account}`]);
}

/** The next nonce: after our own last one, or where the chain stands if that is further. */
export async function nextNonce(db: Queryable, chainId: string, account: string, onChain: number): Promise<bigint> {
  const { next } = await db.one<{ next: bigint }>(
    `SELECT greatest(coalesce(max(nonce) + 1, 0), $3::bigint) AS next FROM custody.nonce_slot WHERE chain_id = $1 AND account = $2`,
    [chainId, account, onChain],
  );
  return next;
}

/**
 * Whether an intent that has a nonce of this account is not signed yet. Nonces are given out one at a time, so that one that comes back
 * leaves no gap behind which everything later would wait.
 */
export async function hasUnsignedNonce(db: Queryable, chainId: string, account: string): Promise<boolean> {
  const found = await db.query(
    `SELECT FROM custody.nonce_slot s JOIN custody.intent i ON i.id = s.intent_id
      WHERE s.chain_id = $1 AND s.account = $2 AND i.state = 'reserved' LIMIT 1`,
    [chainId, account],
  );
  return found.length > 0;
}

export async function takeNonce(
  tx: Tx,
  chainId: string,
  slot: { account: string; nonce: bigint; intentId: string },
): Promise<void> {
  await tx.query('INSERT INTO custody.nonce_slot (chain_id, account, nonce, intent_id) VALUES ($1, $2, $3, $4)', [
    chainId,
    slot.account,
    slot.nonce,
    slot.intentId,
  ]);
}

/** Gives a nonce back that was certainly never signed for. */
export async function returnNonce(tx: Tx, intentId: string): Promise<void> {
  await tx.query('DELETE FROM custody.nonce_slot WHERE intent_id = $1', [intentId]);
}

export async function intentOfNonce(
  db: Queryable,
  chainId: string,
  account: string,
  nonce: bigint,
): Promise<string | null> {
  const row = await db.maybeOne<{ intentId: string }>(
    'SELECT intent_id AS "intentId" FROM custody.nonce_slot WHERE chain_id = $1 AND account = $2 AND nonce = $3',
    [chainId, account, nonce],
  );
  return row?.intentId ?? null;
}
