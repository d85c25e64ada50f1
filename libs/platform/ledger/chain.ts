import { createHash } from 'node:crypto';
import { type Database, type Queryable } from '@base/database';

/** Where the chain stands. Published outside the database: a chain alone does not show that its tail was cut off. */
export interface ChainHead {
  readonly seq: bigint;
  /** SHA-256 in hex. */
  readonly hash: string;
}

export interface ChainFault {
  readonly seq: bigint;
  readonly what: string;
}

export interface ChainReport {
  /** Blocks and transfers that were checked. */
  readonly blocks: number;
  readonly transfers: number;
  readonly entries: number;
  readonly faults: readonly ChainFault[];
  readonly head: ChainHead | null;
}

export interface VerifyOptions {
  /** The last block that needs no checking again; 0 checks all. */
  readonly after?: bigint;
  /** Heads that were published: the chain must still contain them. */
  readonly anchors?: readonly ChainHead[];
  readonly onBlock?: (seq: bigint) => void;
}

interface BlockRow {
  seq: bigint;
  from_xid: string;
  to_xid: string;
  n_transfers: number;
  n_entries: number;
  prev_hash: string;
  hash: string;
}

interface DigestRow {
  n_transfers: bigint;
  n_entries: bigint;
  digest: string;
  unbalanced: bigint;
  incomplete: bigint;
}

const GENESIS = '00'.repeat(32);
const BLOCKS_AT_ONCE = 100;
const FAULTS_MAX = 100;

/**
 * The digest of a range of the feed, with built-in functions of PostgreSQL alone: whoever changed `ledger.seal()` has not changed this. It
 * also looks whether each transfer of the range is balanced and has its legs (I1, I2).
 */
const DIGEST = `
  SELECT count(*) AS n_transfers, coalesce(sum(f.n_entries), 0)::bigint AS n_entries,
         count(*) FILTER (WHERE f.unbalanced) AS unbalanced,
         count(*) FILTER (WHERE f.n_entries <> f.n_legs) AS incomplete,
         encode(sha256(coalesce(string_agg(f.leaf, ''::bytea ORDER BY f.xid, f.id), ''::bytea)), 'hex') AS digest
    FROM (
      SELECT t.xid, t.id, t.n_legs, e.n AS n_entries, e.unbalanced, sha256(convert_to(concat_ws('|',
               t.id, t.kind, t.n_legs, encode(t.request_hash, 'hex'), coalesce(t.group_id::text, '-'),
               coalesce(t.reverses::text, '-'), (extract(epoch FROM t.effective_at) * 1000000)::bigint,
               (extract(epoch FROM t.posted_at) * 1000000)::bigint, t.xid, coalesce(t.meta::text, '-'), e.legs), 'UTF8')) AS leaf
        FROM ledger.transfers t
        CROSS JOIN LATERAL (
          SELECT count(*) AS n,
                 EXISTS (SELECT FROM ledger.entries y WHERE y.transfer_id = t.id
                          GROUP BY y.asset_id HAVING sum(y.amount) <> 0) AS unbalanced,
                 string_agg(concat_ws(',', x.leg, a.path, x.account_id, x.account_version, x.asset_id, x.amount,
                   x.balance_after, coalesce(x.hold_id::text, '-'), (extract(epoch FROM x.posted_at) * 1000000)::bigint),
                   ';' ORDER BY x.leg, x.account_id, x.account_version) AS legs
            FROM ledger.entries x LEFT JOIN ledger.accounts a ON a.id = x.account_id WHERE x.transfer_id = t.id) e
       WHERE t.xid >= $1::xid8 AND t.xid < $2::xid8) f`;

/** Seals what has become final, in blocks of at most `transfersMax`; returns the head when there is a new one. */
export async function sealBlocks(database: Database, now: Date, transfersMax = 10_000): Promise<ChainHead | null> {
  let sealed = false;
  for (;;) {
    const row = await database.one<{ seq: bigint | null }>('SELECT ledger.seal($1, $2) AS seq', [now, transfersMax]);
    if (row.seq === null) return sealed ? readHead(database) : null;
    sealed = true;
  }
}

export async function readHead(on: Queryable): Promise<ChainHead | null> {
  const row = await on.maybeOne<ChainHead>(
    `SELECT seq, encode(hash, 'hex') AS hash FROM ledger.blocks ORDER BY seq DESC LIMIT 1`,
  );
  return row ?? null;
}

/** Recomputes the chain from the rows it covers, and holds it against the published anchors. */
export async function verifyChain(database: Queryable, options: VerifyOptions = {}): Promise<ChainReport> {
  const { after = 0n, anchors = [], onBlock } = options;
  const faults: ChainFault[] = await checkAnchors(database, anchors);
  let before = await blockAt(database, after);
  if (after > 0n && before === undefined) faults.push({ seq: after, what: 'the block to go on from is missing' });
  const counts = { blocks: 0, transfers: 0, entries: 0 };
  for (let seq = after; faults.length < FAULTS_MAX;) {
    const blocks = await readBlocks(database, seq);
    if (blocks.length === 0) break;
    for (const block of blocks) {
      const digest = await database.one<DigestRow>(DIGEST, [block.from_xid, block.to_xid]);
      faults.push(...faultsOf(block, before, digest).map((what) => ({ seq: block.seq, what })));
      counts.blocks += 1;
      counts.transfers += Number(digest.n_transfers);
      counts.entries += Number(digest.n_entries);
      before = block;
      seq = block.seq;
      onBlock?.(seq);
    }
  }
  return { ...counts, faults, head: before === undefined ? null : { seq: before.seq, hash: before.hash } };
}

function faultsOf(block: BlockRow, before: BlockRow | undefined, digest: DigestRow): string[] {
  const faults: string[] = [];
  const { seq, from_xid, to_xid } = block;
  if (seq !== (before?.seq ?? 0n) + 1n) faults.push('a block before it is missing');
  if (block.prev_hash !== (before?.hash ?? GENESIS)) faults.push('it does not name the hash of the block before it');
  if (from_xid !== (before?.to_xid ?? '0')) faults.push('it does not begin where the block before it ends');
  const hash = createHash('sha256')
    .update(Buffer.from(block.prev_hash, 'hex'))
    .update([seq, from_xid, to_xid, digest.n_transfers, digest.n_entries].join('|'))
    .update(Buffer.from(digest.digest, 'hex'))
    .digest('hex');
  if (hash !== block.hash) faults.push('its transfers or entries are not those that were sealed');
  if (digest.unbalanced > 0n) faults.push(`${digest.unbalanced} of its transfers do not sum to zero`);
  if (digest.incomplete > 0n) faults.push(`${digest.incomplete} of its transfers lack legs or have too many`);
  return faults;
}

async function checkAnchors(on: Queryable, anchors: readonly ChainHead[]): Promise<ChainFault[]> {
  const faults: ChainFault[] = [];
  for (const anchor of anchors) {
    const block = await blockAt(on, anchor.seq);
    if (block === undefined) faults.push({ seq: anchor.seq, what: 'an anchored block is gone' });
    else if (block.hash !== anchor.hash) faults.push({ seq: anchor.seq, what: 'its hash is not the anchored one' });
  }
  return faults;
}

const BLOCKS = `SELECT seq, from_xid::text, to_xid::text, n_transfers, n_entries, encode(prev_hash, 'hex') AS prev_hash,
  encode(hash, 'hex') AS hash FROM ledger.blocks`;

const readBlocks = (on: Queryable, after: bigint): Promise<BlockRow[]> =>
  on.query<BlockRow>(`${BLOCKS} WHERE seq > $1 ORDER BY seq LIMIT $2`, [after, BLOCKS_AT_ONCE]);

const blockAt = (on: Queryable, seq: bigint): Promise<BlockRow | undefined> =>
  on.maybeOne<BlockRow>(`${BLOCKS} WHERE seq = $1`, [seq]);
