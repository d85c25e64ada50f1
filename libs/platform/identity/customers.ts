import { type Queryable, type Tx } from '@base/database';
import { type PrincipalStatus } from './principal.js';
import { WITHDRAWAL_HOLD_MS } from './session-policy.js';

export interface Customer {
  readonly id: string;
  readonly email: string;
  readonly emailVerifiedAt: Date | null;
  readonly status: PrincipalStatus;
  /** 0 verified e-mail, 1 identified, 2 documented, 3 source of funds known. What each may do is for products to say. */
  readonly tier: number;
  readonly withdrawalsHeldUntil: Date | null;
  readonly totpEnrolled: boolean;
  readonly createdAt: Date;
}

const CUSTOMER = `SELECT p.id, p.email, p.email_verified_at AS "emailVerifiedAt", p.status, c.tier,
    c.withdrawals_held_until AS "withdrawalsHeldUntil", p.created_at AS "createdAt",
    EXISTS (SELECT FROM identity.totp t WHERE t.principal_id = p.id AND t.confirmed_at IS NOT NULL) AS "totpEnrolled"
  FROM identity.customer c JOIN identity.principal p ON p.id = c.id`;

/** What products ask before they move something: tier, status, and until when withdrawals wait. */
export function findCustomer(db: Queryable, id: string): Promise<Customer | undefined> {
  return db.maybeOne<Customer>(`${CUSTOMER} WHERE c.id = $1`, [id]);
}

/** Locks the customer's standing for the transaction, so that a freeze and a withdrawal happen one after the other. */
export async function lockCustomer(tx: Tx, id: string): Promise<Customer | undefined> {
  await tx.query('SELECT 1 FROM identity.principal WHERE id = $1 FOR NO KEY UPDATE', [id]);
  return findCustomer(tx, id);
}

export interface CustomerFilter {
  readonly email?: string | undefined;
  readonly status?: PrincipalStatus | undefined;
  /** Customers older than this id (ids are ordered by time). */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** The newest first. */
export function listCustomers(db: Queryable, filter: CustomerFilter): Promise<Customer[]> {
  return db.query<Customer>(
    `${CUSTOMER} WHERE ($1::text IS NULL OR p.email = $1) AND ($2::text IS NULL OR p.status = $2) AND ($3::uuid IS NULL OR c.id < $3)
     ORDER BY c.id DESC LIMIT $4`,
    [filter.email ?? null, filter.status ?? null, filter.before ?? null, filter.limit],
  );
}

/** Makes withdrawals wait after a change of credentials; a longer wait already running stays. Operators have nothing to hold. */
export async function holdWithdrawals(tx: Tx, customerId: string, now: Date): Promise<void> {
  await tx.query(
    'UPDATE identity.customer SET withdrawals_held_until = greatest(coalesce(withdrawals_held_until, $2), $2) WHERE id = $1',
    [customerId, new Date(now.getTime() + WITHDRAWAL_HOLD_MS)],
  );
}
