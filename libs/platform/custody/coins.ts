import { type Queryable, type Tx } from '@base/database';

/** An output to us that is in a block. */
export interface OwnCoin {
  readonly chainId: string;
  readonly txid: string;
  readonly vout: number;
  /** Satoshi. */
  readonly value: bigint;
  readonly addressId: string;
  readonly coinbase: boolean;
  readonly height: number;
  readonly blockHash: string;
  readonly frozen: string | null;
}

/** A coin with what it takes to spend it. */
export interface SpendableCoin {
  readonly txid: string;
  readonly vout: number;
  readonly value: bigint;
  readonly branch: 0 | 1;
  readonly index: number;
  /** The transaction that made it. */
  readonly raw: string;
}

export interface Outpoint {
  readonly txid: string;
  readonly vout: number;
}

/** BIP-34 and consensus: a coinbase can be spent a hundred blocks later. */
const COINBASE_MATURITY = 100;

export async function insertCoin(tx: Tx, coin: OwnCoin, raw: string): Promise<void> {
  await tx.query(
    'INSERT INTO custody.raw_transaction (chain_id, txid, raw) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [coin.chainId, coin.txid, raw],
  );
  await tx.query(
    `INSERT INTO custody.coin (chain_id, txid, vout, value, address_id, coinbase, height, block_hash, frozen)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      coin.chainId,
      coin.txid,
      coin.vout,
      coin.value,
      coin.addressId,
      coin.coinbase,
      coin.height,
      coin.blockHash,
      coin.frozen,
    ],
  );
}

/** Marks those of the outpoints that are ours as spent; answers who had reserved them. */
export async function spendCoins(
  tx: Tx,
  chainId: string,
  spends: readonly (Outpoint & { readonly by: string })[],
  height: number,
): Promise<{ txid: string; vout: number; value: bigint; by: string; intentId: string | null }[]> {
  if (spends.length === 0) return [];
  return tx.query(
    `UPDATE custody.coin c SET spent_by = s.by, spent_at = $2
       FROM unnest($3::text[], $4::int[], $5::text[]) s (txid, vout, by)
      WHERE c.chain_id = $1 AND c.txid = s.txid AND c.vout = s.vout
      RETURNING c.txid, c.vout, c.value, c.spent_by AS by,
        (SELECT r.intent_id FROM custody.coin_reservation r
          WHERE r.chain_id = c.chain_id AND r.txid = c.txid AND r.vout = c.vout AND r.released_at IS NULL) AS "intentId"`,
    [chainId, height, spends.map(({ txid }) => txid), spends.map(({ vout }) => vout), spends.map(({ by }) => by)],
  );
}

/** Undoes what a block did to our coins: those it made are gone, those it spent are back. */
export async function takeBackCoins(tx: Tx, chainId: string, height: number): Promise<void> {
  await tx.query('UPDATE custody.coin SET spent_by = NULL, spent_at = NULL WHERE chain_id = $1 AND spent_at = $2', [
    chainId,
    height,
  ]);
  await tx.query('DELETE FROM custody.coin WHERE chain_id = $1 AND height = $2', [chainId, height]);
}

/** One chooser at a time: two payments must not plan with the same coins. */
export async function lockCoins(tx: Tx, chainId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`custody.coins:${chainId}`]);
}

/** Coins that may be spent now: in a block, unspent, mature, not frozen, not promised to another intent. The largest first. */
export function spendableCoins(db: Queryable, chainId: string, tip: number, limit = 2_000): Promise<SpendableCoin[]> {
  return db.query<SpendableCoin>(
    `SELECT c.txid, c.vout, c.value, a.branch, a.key_index AS index, t.raw
       FROM custody.coin c JOIN custody.address a ON a.id = c.address_id
       JOIN custody.raw_transaction t ON t.chain_id = c.chain_id AND t.txid = c.txid
      WHERE c.chain_id = $1 AND c.spent_by IS NULL AND c.frozen IS NULL AND (NOT c.coinbase OR c.height <= $2)
        AND NOT EXISTS (SELECT FROM custody.coin_reservation r WHERE r.chain_id = c.chain_id AND r.txid = c.txid AND r.vout = c.vout
                                                                 AND r.released_at IS NULL)
        -- A deposit that is not final yet may be undone, and what spends it with it.
        AND NOT EXISTS (SELECT FROM custody.deposit d WHERE d.chain_id = c.chain_id AND d.txid = c.txid AND d.output_index = c.vout
                                                        AND d.state <> 'credited')
      ORDER BY c.value DESC, c.txid, c.vout LIMIT $3`,
    [chainId, tip - COINBASE_MATURITY + 1, limit],
  );
}

/** The coins that an intent holds on to, spendable or not. */
export function reservedCoins(db: Queryable, intentId: string): Promise<SpendableCoin[]> {
  return db.query<SpendableCoin>(
    `SELECT c.txid, c.vout, c.value, a.branch, a.key_index AS index, t.raw
       FROM custody.coin_reservation r
       JOIN custody.coin c ON c.chain_id = r.chain_id AND c.txid = r.txid AND c.vout = r.vout
       JOIN custody.address a ON a.id = c.address_id
       JOIN custody.raw_transaction t ON t.chain_id = c.chain_id AND t.txid = c.txid
      WHERE r.intent_id = $1 AND r.released_at IS NULL ORDER BY c.txid, c.vout`,
    [intentId],
  );
}

/** @throws on a coin that another intent holds: the unique index decides */
export async function reserveCoins(
  tx: Tx,
  chainId: string,
  intentId: string,
  coins: readonly Outpoint[],
  at: Date,
): Promise<void> {
  await tx.query(
    `INSERT INTO custody.coin_reservation (chain_id, txid, vout, intent_id, at)
     SELECT $1, s.txid, s.vout, $2, $5 FROM unnest($3::text[], $4::int[]) s (txid, vout)
     ON CONFLICT (chain_id, txid, vout, intent_id) DO NOTHING`,
    [chainId, intentId, coins.map(({ txid }) => txid), coins.map(({ vout }) => vout), at],
  );
}

/** Lets go of an intent's coins: only when a transaction of it has settled, or none was ever signed. */
export async function releaseCoins(tx: Tx, intentId: string, at: Date): Promise<void> {
  await tx.query('UPDATE custody.coin_reservation SET released_at = $2 WHERE intent_id = $1 AND released_at IS NULL', [
    intentId,
    at,
  ]);
}

/** Every coin that our books say is unspent. */
export function unspentCoins(db: Queryable, chainId: string): Promise<{ txid: string; vout: number; value: bigint }[]> {
  return db.query(
    'SELECT txid, vout, value FROM custody.coin WHERE chain_id = $1 AND spent_by IS NULL ORDER BY txid, vout',
    [chainId],
  );
}
