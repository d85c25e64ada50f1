import { type Queryable } from '@base/database';
import { type OperatorRole } from '@base/http';
import { type PrincipalStatus } from './principal.js';

export interface Operator {
  readonly id: string;
  readonly email: string;
  readonly displayName: string;
  readonly roles: readonly OperatorRole[];
  readonly status: PrincipalStatus;
  /** Whether the invitation was accepted. */
  readonly active: boolean;
  readonly totpEnrolled: boolean;
  readonly createdAt: Date;
}

const OPERATOR = `SELECT p.id, p.email, o.display_name AS "displayName", o.roles, p.status, p.password_hash IS NOT NULL AS active,
    p.created_at AS "createdAt",
    EXISTS (SELECT FROM identity.totp t WHERE t.principal_id = p.id AND t.confirmed_at IS NOT NULL) AS "totpEnrolled"
  FROM identity.operator o JOIN identity.principal p ON p.id = o.id`;

export function findOperator(db: Queryable, id: string): Promise<Operator | undefined> {
  return db.maybeOne<Operator>(`${OPERATOR} WHERE o.id = $1`, [id]);
}

/** Ordered by e-mail address. */
export function listOperators(db: Queryable, after: string | undefined, limit: number): Promise<Operator[]> {
  return db.query<Operator>(`${OPERATOR} WHERE ($1::text IS NULL OR p.email > $1) ORDER BY p.email LIMIT $2`, [
    after ?? null,
    limit,
  ]);
}

/** Whether there is anybody who could let others in. */
export async function hasOperators(db: Queryable): Promise<boolean> {
  const { some } = await db.one<{ some: boolean }>('SELECT EXISTS (SELECT FROM identity.operator) AS some');
  return some;
}
