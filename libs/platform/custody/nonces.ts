import { type Queryable, type Tx } from '@base/database';

/** One taker at a time: two payments must not plan with the same nonce. */
export async function lockAccount(tx: Tx, chainId: string, account: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.nonce:${chainId}:${account}`]);
}

/** How a nonce is named among the things of ours that somebody can use up. */
export const nonceName = (account: string, nonce: bigint): string => `nonce ${nonce} of ${account}`;

/**
 * The next nonce: after our own last one, or where the chain stands if that is further because of spends that blocks have shown us to be
 * foreign. `undefined` when a node says that more are used than we know of: it lies, or a block that we have not taken in yet is about to
 * halt us, and a nonce beyond a gap would never be mined.
 */
export async function nextNonce(
  db: Queryable,
  chainId: string,
  account: string,
  onChain: bigint,
): Promise<bigint | undefined> {
  const { ours } = await db.one<{ ours: bigint | null }>(
    'SELECT max(nonce) + 1 AS ours FROM custody.nonce_slot WHERE chain_id = $1 AND account = $2',
    [chainId, account],
  );
  if (ours === null) return onChain;
  if (onChain <= ours) return ours;
  const { foreign } = await db.one<{ foreign: bigint }>(
    `SELECT count(*) AS foreign FROM custody.foreign_spend
      WHERE chain_id = $1 AND height IS NOT NULL AND what LIKE 'nonce % of ' || $2 AND split_part(what, ' ', 2)::bigint >= $3`,
    [chainId, account, ours],
  );
  return ours + foreign === onChain ? onChain : undefined;
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
