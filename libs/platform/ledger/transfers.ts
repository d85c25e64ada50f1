import { type AssetCode } from '@core/money';
import { type Queryable } from '@base/database';
import { type AccountType } from './chart.js';

export interface PostedEntry {
  readonly leg: number;
  readonly path: string;
  readonly type: AccountType;
  readonly asset: AssetCode;
  readonly owner: string | null;
  /** Minor units, debit positive. */
  readonly amount: bigint;
  readonly version: bigint;
  readonly balanceAfter: bigint;
  readonly hold: string | null;
}

export interface PostedTransfer {
  readonly id: string;
  readonly kind: string;
  readonly group: string | null;
  readonly reverses: string | null;
  readonly reversedBy: string | null;
  readonly effectiveAt: Date;
  readonly postedAt: Date;
  readonly meta: { readonly [key: string]: unknown } | null;
  readonly entries: readonly PostedEntry[];
}

/** What a transfer search is narrowed to; every condition given must hold. */
export interface TransferFilter {
  readonly owner?: string;
  readonly accountPath?: string;
  readonly kind?: string;
  readonly group?: string;
  readonly postedFrom?: Date;
  readonly postedBefore?: Date;
}

export interface TransferPage {
  readonly transfers: readonly PostedTransfer[];
  /** Give it back to read on; null after the last page. */
  readonly next: string | null;
}

type TransferRow = Omit<PostedTransfer, 'entries'>;
type EntryRow = PostedEntry & { transfer_id: string };

const PAGE = 50;
const PAGE_MAX = 200;

const TRANSFERS = `
  SELECT t.id, t.kind, t.group_id AS "group", t.reverses, r.id AS "reversedBy", t.effective_at AS "effectiveAt",
         t.posted_at AS "postedAt", t.meta
    FROM ledger.transfers t LEFT JOIN ledger.transfers r ON r.reverses = t.id`;

/** Undefined: it was not posted, now and unless it is on its way. How an unknown outcome is settled. */
export async function readTransfer(on: Queryable, id: string): Promise<PostedTransfer | undefined> {
  const [transfer] = await withEntries(on, await on.query<TransferRow>(`${TRANSFERS} WHERE t.id = $1`, [id]));
  return transfer;
}

/** The transfers of one business event, in the order they were posted. */
export async function readGroup(on: Queryable, group: string): Promise<PostedTransfer[]> {
  return withEntries(
    on,
    await on.query<TransferRow>(`${TRANSFERS} WHERE t.group_id = $1 ORDER BY t.xid, t.id LIMIT $2`, [group, PAGE_MAX]),
  );
}

/**
 * Newest first, by (posting transaction, id), which is the order of the feed backwards.
 * @throws RangeError for a cursor that this function did not make
 */
export async function searchTransfers(
  on: Queryable,
  filter: TransferFilter,
  page: { readonly cursor?: string; readonly limit?: number } = {},
): Promise<TransferPage> {
  const values: unknown[] = [];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const conditions = ['true'];
  if (filter.kind !== undefined) conditions.push(`t.kind = ${bind(filter.kind)}`);
  if (filter.group !== undefined) conditions.push(`t.group_id = ${bind(filter.group)}`);
  if (filter.postedFrom !== undefined) conditions.push(`t.posted_at >= ${bind(filter.postedFrom)}`);
  if (filter.postedBefore !== undefined) conditions.push(`t.posted_at < ${bind(filter.postedBefore)}`);
  if (filter.owner !== undefined || filter.accountPath !== undefined) {
    const accounts = await on.query<{ id: bigint }>(
      'SELECT id FROM ledger.accounts WHERE ($1::uuid IS NULL OR owner_id = $1) AND ($2::text IS NULL OR path = $2) LIMIT 1000',
      [filter.owner ?? null, filter.accountPath ?? null],
    );
    const ids = bind(accounts.map((account) => account.id));
    conditions.push(`t.id IN (SELECT e.transfer_id FROM ledger.entries e WHERE e.account_id = ANY (${ids}::bigint[]))`);
  }
  if (page.cursor !== undefined) {
    const [xid, id] = readCursor(page.cursor);
    conditions.push(`(t.xid, t.id) < (${bind(xid)}::xid8, ${bind(id)}::uuid)`);
  }
  const limit = Math.min(Math.max(page.limit ?? PAGE, 1), PAGE_MAX);
  const rows = await on.query<TransferRow & { xid: string }>(
    `${TRANSFERS.replace('SELECT', 'SELECT t.xid::text AS xid,')}
      WHERE ${conditions.join(' AND ')} ORDER BY t.xid DESC, t.id DESC LIMIT ${bind(limit)}`,
    values,
  );
  const last = rows.at(-1);
  const next = rows.length === limit && last !== undefined ? `${last.xid}.${last.id}` : null;
  return { transfers: await withEntries(on, rows), next };
}

function readCursor(cursor: string): [string, string] {
  const match = /^(\d{1,20})\.([0-9a-f-]{36})$/.exec(cursor);
  if (match?.[1] === undefined || match[2] === undefined) throw new RangeError('not a cursor of a transfer search');
  return [match[1], match[2]];
}

async function withEntries(on: Queryable, rows: readonly TransferRow[]): Promise<PostedTransfer[]> {
  if (rows.length === 0) return [];
  const entries = await on.query<EntryRow>(
    `SELECT e.transfer_id, e.leg, a.path, k.name AS type, s.code AS asset, a.owner_id AS owner, e.amount,
            e.account_version AS version, e.balance_after AS "balanceAfter", e.hold_id AS hold
       FROM ledger.entries e
       JOIN ledger.accounts a ON a.id = e.account_id
       JOIN ledger.account_types k ON k.code = a.type_code
       JOIN ledger.assets s ON s.id = a.asset_id
      WHERE e.transfer_id = ANY ($1::uuid[]) ORDER BY e.transfer_id, e.leg`,
    [rows.map((row) => row.id)],
  );
  const byTransfer = new Map<string, PostedEntry[]>(rows.map((row) => [row.id, []]));
  for (const { transfer_id, ...entry } of entries) byTransfer.get(transfer_id)?.push(entry);
  return rows.map(({ id, kind, group, reverses, reversedBy, effectiveAt, postedAt, meta }) => ({
    id, kind, group, reverses, reversedBy, effectiveAt, postedAt, meta, entries: byTransfer.get(id) ?? [],
  })); // prettier-ignore
}
