import { type Queryable } from '@base/database';

/** The invariants of docs/architecture and README that the audit looks at, with what breaks them. */
export type AuditedInvariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I8' | 'I9' | 'I12' | 'I13';

export interface Violation {
  readonly invariant: AuditedInvariant;
  /** What is wrong and where, for an operator. */
  readonly what: string;
}

interface Check {
  readonly invariant: AuditedInvariant;
  readonly says: string;
  /** Gives one row `subject` for each place where the invariant is broken. */
  readonly sql: string;
}

const NEWEST = `LATERAL (SELECT x.balance_after, x.account_version, x.posted_at FROM ledger.entries x
  WHERE x.account_id = b.account_id ORDER BY x.account_version DESC LIMIT 1)`;

const GUARDS = [
  'entries_are_sound', 'entries_never_change', 'entries_never_truncated', 'transfers_are_sound', 'transfers_never_change',
  'transfers_never_truncated', 'balances_follow_entries', 'balances_start_sound', 'balances_keep_their_nature', 'balances_move_forward',
  'balances_stay_closed', 'balances_never_go', 'balances_never_truncated', 'holds_follow_entries', 'holds_follow_entries_new',
  'holds_keep_their_nature', 'holds_never_go', 'holds_never_truncated', 'blocks_continue', 'blocks_never_change',
  'blocks_never_truncated', 'accounts_keep_their_nature', 'accounts_never_go', 'accounts_never_truncated',
]; // prettier-ignore

const CHECKS: readonly Check[] = [
  {
    invariant: 'I1',
    says: 'the transfer does not sum to zero',
    sql: `SELECT transfer_id::text AS subject FROM ledger.entries GROUP BY transfer_id, asset_id HAVING sum(amount) <> 0`,
  },
  {
    invariant: 'I2',
    says: 'the transfer lacks legs or has too many',
    sql: `SELECT coalesce(t.id, e.transfer_id)::text AS subject
            FROM ledger.transfers t
            FULL JOIN (SELECT transfer_id, count(*) AS n FROM ledger.entries GROUP BY transfer_id) e ON e.transfer_id = t.id
           WHERE t.n_legs IS DISTINCT FROM e.n`,
  },
  {
    invariant: 'I3',
    says: 'the account is below its floor',
    sql: `SELECT a.path AS subject FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id
           WHERE b.balance < b.floor OR b.balance = 'NaN'`,
  },
  {
    invariant: 'I4',
    says: 'the balance is not that of the newest entry',
    sql: `SELECT a.path AS subject
            FROM ledger.accounts a
            LEFT JOIN ledger.balances b ON b.account_id = a.id
            LEFT JOIN ${NEWEST} e ON true
           WHERE b.account_id IS NULL OR b.balance <> coalesce(e.balance_after, 0) OR b.version <> coalesce(e.account_version, 0)`,
  },
  {
    invariant: 'I5',
    says: 'the account is not what it was opened as',
    sql: `SELECT a.path AS subject
            FROM ledger.accounts a
            JOIN ledger.account_types t ON t.code = a.type_code
            JOIN ledger.assets s ON s.id = a.asset_id
            JOIN ledger.balances b ON b.account_id = a.id
           WHERE a.path <> concat_ws(':', t.name, s.code, a.owner_id)
              OR (b.asset_id, b.type_code, b.normal_sign, b.is_hold) IS DISTINCT FROM (a.asset_id, a.type_code, t.normal_sign, t.is_hold)`,
  },
  {
    invariant: 'I6',
    says: 'the guard is missing or switched off',
    sql: `SELECT g AS subject FROM unnest('{${GUARDS.join(',')}}'::text[]) g
           WHERE NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                              WHERE t.tgname = g AND c.relnamespace = 'ledger'::regnamespace AND t.tgenabled = 'O')`,
  },
  {
    invariant: 'I8',
    says: 'the reversal is not the mirror of its transfer',
    sql: `SELECT r.id::text AS subject FROM ledger.transfers r
           WHERE r.reverses IS NOT NULL
             AND EXISTS (SELECT FROM (SELECT account_id, amount FROM ledger.entries WHERE transfer_id = r.id
                                      UNION ALL SELECT account_id, amount FROM ledger.entries WHERE transfer_id = r.reverses) e
                          GROUP BY e.account_id HAVING sum(e.amount) <> 0)`,
  },
  {
    invariant: 'I9',
    says: 'what is left of the hold is not what its entries leave',
    sql: `SELECT h.id::text AS subject
            FROM ledger.holds h JOIN ledger.balances b ON b.account_id = h.account_id
            LEFT JOIN LATERAL (SELECT sum(e.amount) AS total FROM ledger.entries e WHERE e.hold_id = h.id) e ON true
           WHERE h.remaining IS DISTINCT FROM e.total * b.normal_sign OR h.remaining NOT BETWEEN 0 AND h.amount`,
  },
  {
    invariant: 'I9',
    says: 'open holds do not add up to the hold account',
    sql: `SELECT a.path AS subject
            FROM ledger.balances b JOIN ledger.accounts a ON a.id = b.account_id
           WHERE b.is_hold AND b.balance <> (SELECT coalesce(sum(h.remaining), 0) FROM ledger.holds h WHERE h.account_id = b.account_id)`,
  },
  {
    invariant: 'I12',
    says: 'the accounts of the asset do not sum to zero',
    sql: `SELECT s.code AS subject FROM ledger.balances b JOIN ledger.assets s ON s.id = b.asset_id
           GROUP BY s.code HAVING sum(b.balance * b.normal_sign) <> 0`,
  },
  {
    invariant: 'I13',
    says: 'the entry does not continue the account',
    sql: `SELECT concat(e.account_id, '#', e.account_version) AS subject
            FROM (SELECT x.*, lag(x.account_version, 1, 0::bigint) OVER w AS before_version,
                         lag(x.balance_after, 1, 0::numeric) OVER w AS before_balance, lag(x.posted_at) OVER w AS before_posted_at
                    FROM ledger.entries x WINDOW w AS (PARTITION BY x.account_id ORDER BY x.account_version)) e
            LEFT JOIN ledger.balances b ON b.account_id = e.account_id
           WHERE b.account_id IS NULL OR e.asset_id <> b.asset_id OR e.account_version <> e.before_version + 1
              OR e.balance_after <> e.before_balance + e.amount * b.normal_sign OR e.posted_at < e.before_posted_at
              OR b.is_hold <> (e.hold_id IS NOT NULL)`,
  },
];

const SUBJECTS_MAX = 20;

/** Looks at the whole ledger: an empty answer means that all of them hold. The cost is a few scans of the entries. */
export async function auditInvariants(on: Queryable): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const { invariant, says, sql } of CHECKS) {
    const rows = await on.query<{ subject: string }>(`SELECT subject FROM (${sql}) broken LIMIT $1`, [SUBJECTS_MAX]);
    violations.push(...rows.map(({ subject }) => ({ invariant, what: `${says}: ${subject}` })));
  }
  return violations;
}
