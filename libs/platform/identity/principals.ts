import { type Queryable, type Tx } from '@base/database';
import { networkOf } from './network.js';
import { type Principal, type Realm } from './principal.js';

const COLUMNS = `p.id, p.realm, p.email, p.email_verified_at AS "emailVerifiedAt", p.password_hash AS "passwordHash", p.status,
  p.session_epoch AS "sessionEpoch", p.created_at AS "createdAt"`;

export function findPrincipal(db: Queryable, realm: Realm, email: string): Promise<Principal | undefined> {
  return db.maybeOne(`SELECT ${COLUMNS} FROM identity.principal p WHERE p.realm = $1 AND p.email = $2`, [realm, email]);
}

export function readPrincipal(db: Queryable, id: string): Promise<Principal> {
  return db.one(`SELECT ${COLUMNS} FROM identity.principal p WHERE p.id = $1`, [id]);
}

/** Locks the principal until the transaction ends, so that changes of one person's credentials happen one after the other. */
export function lockPrincipal(tx: Tx, id: string): Promise<Principal> {
  return tx.one(`SELECT ${COLUMNS} FROM identity.principal p WHERE p.id = $1 FOR NO KEY UPDATE`, [id]);
}

/** The principal with this address, and whether it has signed in from this network lately: one query, so that both answers take as long. */
export async function findPrincipalAt(
  db: Queryable,
  wanted: { realm: Realm; email: string; address: string; knownSince: Date },
): Promise<{ principal: Principal | undefined; known: boolean }> {
  const row = await db.maybeOne<Principal & { known: boolean }>(
    `SELECT ${COLUMNS}, EXISTS (SELECT FROM identity.known_network k
                                 WHERE k.principal_id = p.id AND k.network = $3::cidr AND k.last_seen_at > $4) AS known
       FROM identity.principal p WHERE p.realm = $1 AND p.email = $2`,
    [wanted.realm, wanted.email, networkOf(wanted.address), wanted.knownSince],
  );
  if (!row) return { principal: undefined, known: false };
  const { known, ...principal } = row;
  return { principal, known };
}

export async function rememberNetwork(tx: Tx, principalId: string, address: string, now: Date): Promise<void> {
  await tx.query(
    `INSERT INTO identity.known_network (principal_id, network, last_seen_at) VALUES ($1, $2::cidr, $3)
     ON CONFLICT (principal_id, network) DO UPDATE SET last_seen_at = EXCLUDED.last_seen_at`,
    [principalId, networkOf(address), now],
  );
}

/** Ends every session of the principal for good, and answers the epoch that new ones open under. */
export async function raiseEpoch(tx: Tx, principalId: string): Promise<number> {
  const { epoch } = await tx.one<{ epoch: number }>(
    'UPDATE identity.principal SET session_epoch = session_epoch + 1 WHERE id = $1 RETURNING session_epoch AS epoch',
    [principalId],
  );
  return epoch;
}

export async function setPassword(tx: Tx, principalId: string, passwordHash: string): Promise<void> {
  await tx.query('UPDATE identity.principal SET password_hash = $2 WHERE id = $1', [principalId, passwordHash]);
}
