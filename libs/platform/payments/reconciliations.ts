import { type AssetCode } from '@core/money';
import { type Database, type Queryable, type Tx, uuidV7 } from '@base/database';
import { type Account, type Ledger } from '@platform/ledger';
import { readPosition, savePosition } from './outside-events.js';
import { type BreakReason, type Comparison, type LedgerItem } from './reconciliation.js';

export type Subject = 'bank' | 'card';

export interface ReconciliationRun {
  readonly id: string;
  readonly subject: Subject;
  readonly asset: AssetCode;
  readonly outsideBalance: bigint;
  readonly ledgerBalance: bigint;
  readonly matched: number;
  readonly inTransit: number;
  readonly breaks: number;
  readonly startedAt: Date;
}

export interface ReconciliationItem {
  readonly outcome: 'matched_by_amount' | 'in_transit' | 'break';
  readonly reason: BreakReason | 'amount';
  readonly outsideId: string | null;
  readonly transferId: string | null;
  readonly outsideAmount: bigint | null;
  readonly ledgerAmount: bigint | null;
  readonly at: Date;
}

const PAGE = 1_000;
const FUTURE_MS = 366 * 86_400_000;

const feedOf = (subject: Subject, asset: AssetCode): string => `reconciled-${subject}-${asset}`;

export interface OpenEntry extends LedgerItem {
  readonly version: bigint;
}

/** The entries of our account from the first one on that is not settled, those that are settled left out. */
export async function openEntries(
  on: Database,
  { ledger, account, subject, now }: { ledger: Ledger; account: Account; subject: Subject; now: Date },
): Promise<{ open: OpenEntry[]; seen: OpenEntry[]; closing: bigint }> {
  const seen: OpenEntry[] = [];
  const period = { from: new Date(0), to: new Date(now.getTime() + FUTURE_MS) };
  let after: bigint | null = await readPosition(on, feedOf(subject, account.asset));
  let closing = 0n;
  while (after !== null) {
    const page = await ledger.statement(account, period, { after, limit: PAGE });
    closing = page.closing;
    for (const line of page.lines) {
      seen.push({ version: line.version, transferId: line.transferId, amount: line.change, at: line.postedAt });
    }
    after = page.next;
  }
  const settled = await settledTransfers(on, subject, seen.map(({ transferId }) => transferId)); // prettier-ignore
  return { open: seen.filter(({ transferId }) => !settled.has(transferId)), seen, closing };
}

async function settledTransfers(on: Queryable, subject: Subject, ids: readonly string[]): Promise<Set<string>> {
  const rows = await on.query<{ id: string }>(
    'SELECT transfer_id AS id FROM payments.reconciled WHERE subject = $1 AND transfer_id = ANY ($2::uuid[])',
    [subject, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Of these, the ones that are settled. */
export async function settledOutside(on: Queryable, subject: Subject, ids: readonly string[]): Promise<Set<string>> {
  const rows = await on.query<{ id: string }>(
    'SELECT outside_id AS id FROM payments.reconciled WHERE subject = $1 AND outside_id = ANY ($2)',
    [subject, ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Keeps a run: its figures, everything that is not a plain match, and the pairs that are settled for good. */
export async function insertRun(
  tx: Tx,
  run: Omit<ReconciliationRun, 'id' | 'matched' | 'inTransit' | 'breaks'>,
  comparison: Comparison,
  seen: readonly OpenEntry[],
): Promise<ReconciliationRun> {
  const count = (outcome: string): number => comparison.open.filter((item) => item.outcome === outcome).length;
  const full: ReconciliationRun = {
    ...run,
    id: uuidV7(run.startedAt.getTime()),
    matched: comparison.matches.length,
    inTransit: count('in_transit'),
    breaks: count('break'),
  };
  await tx.query(
    `INSERT INTO payments.reconciliation_run (id, subject, asset, cutoff, outside_balance, ledger_balance, matched, in_transit, breaks,
       started_at, finished_at) VALUES ($1, $2, $3, $9, $4, $5, $6, $7, $8, $9, $9)`,
    [full.id, full.subject, full.asset, full.outsideBalance, full.ledgerBalance, full.matched, full.inTransit, full.breaks, full.startedAt], // prettier-ignore
  );
  await insertItems(tx, full.id, itemsOf(comparison, run.startedAt));
  for (const { outsideId, transferId, rule } of comparison.matches) {
    await tx.query(
      'INSERT INTO payments.reconciled (subject, outside_id, transfer_id, run_id, rule) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
      [full.subject, outsideId, transferId, full.id, rule],
    );
  }
  await savePosition(tx, feedOf(full.subject, full.asset), await settledThrough(tx, full.subject, seen));
  return full;
}

function itemsOf({ matches, open }: Comparison, at: Date): ReconciliationItem[] {
  const byAmount = matches
    .filter(({ rule }) => rule === 'amount')
    .map(({ outsideId, transferId }) => ({
      outcome: 'matched_by_amount' as const,
      reason: 'amount' as const,
      outsideId,
      transferId,
      outsideAmount: null,
      ledgerAmount: null,
      at,
    }));
  return [...byAmount, ...open];
}

async function insertItems(tx: Tx, runId: string, items: readonly ReconciliationItem[]): Promise<void> {
  for (const [position, item] of items.entries()) {
    await tx.query(
      `INSERT INTO payments.reconciliation_item (run_id, position, outcome, reason, outside_id, transfer_id, outside_amount, ledger_amount, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [runId, position, item.outcome, item.reason, item.outsideId, item.transferId, item.outsideAmount, item.ledgerAmount, item.at], // prettier-ignore
    );
  }
}

/** The version up to which every entry is settled: the next run starts there. */
async function settledThrough(tx: Tx, subject: Subject, seen: readonly OpenEntry[]): Promise<bigint> {
  const settled = await settledTransfers(tx, subject, seen.map(({ transferId }) => transferId)); // prettier-ignore
  let through = 0n;
  for (const { version, transferId } of seen) {
    if (!settled.has(transferId)) break;
    through = version;
  }
  return through;
}

const RUN = `id, subject, asset, outside_balance AS "outsideBalance", ledger_balance AS "ledgerBalance", matched,
  in_transit AS "inTransit", breaks, started_at AS "startedAt"`;

export function listRuns(
  on: Queryable,
  page: { limit: number; before?: { at: Date; id: string } | undefined },
): Promise<ReconciliationRun[]> {
  return on.query<ReconciliationRun>(
    `SELECT ${RUN} FROM payments.reconciliation_run WHERE $1::timestamptz IS NULL OR (started_at, id) < ($1, $2)
      ORDER BY started_at DESC, id DESC LIMIT $3`,
    [page.before?.at ?? null, page.before?.id ?? null, page.limit],
  );
}

export function findRun(on: Queryable, id: string): Promise<ReconciliationRun | undefined> {
  return on.maybeOne<ReconciliationRun>(`SELECT ${RUN} FROM payments.reconciliation_run WHERE id = $1`, [id]);
}

export function itemsOfRun(on: Queryable, id: string): Promise<ReconciliationItem[]> {
  return on.query<ReconciliationItem>(
    `SELECT outcome, reason, outside_id AS "outsideId", transfer_id AS "transferId", outside_amount AS "outsideAmount",
            ledger_amount AS "ledgerAmount", at
       FROM payments.reconciliation_item WHERE run_id = $1 ORDER BY position LIMIT 1000`,
    [id],
  );
}
