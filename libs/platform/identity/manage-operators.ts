import { type Actor, type Audit, type Json } from '@platform/audit';
import { type Clock } from '@base/clock';
import { uuidV7, type Database, type Tx } from '@base/database';
import { type MailRoom } from './mail-room.js';
import { peekOneTimeToken, useOneTimeToken } from './one-time-tokens.js';
import { findOperator, type Operator } from './operators.js';
import { type Passwords } from './passwords.js';
import { type OperatorRole } from '@base/http';
import { type Origin } from './principal.js';
import { lockPrincipal, raiseEpoch, readPrincipal, setPassword } from './principals.js';
import { refusal } from './refusals.js';

interface Order {
  /** `system` for the first administrator of a new installation. */
  readonly actor: Actor;
  readonly origin: Origin | undefined;
}

/** Who may operate. Nobody touches their own rights; a change of rights ends the sessions that had the old ones. */
export class ManageOperators {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly mailRoom: MailRoom,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** Invites by e-mail; the invited chooses the password. @throws Refusal operator_exists */
  async invite(
    tx: Tx,
    operator: { email: string; displayName: string; roles: readonly OperatorRole[] },
    order: Order,
  ): Promise<Operator> {
    const now = this.clock.now();
    const id = uuidV7(now.getTime());
    const created = await tx.query(
      `INSERT INTO identity.principal (id, realm, email, email_verified_at, created_at) VALUES ($1, 'operator', $2, NULL, $3)
       ON CONFLICT (realm, email) DO NOTHING RETURNING id`,
      [id, operator.email, now],
    );
    if (created.length === 0) throw refusal('operator_exists', { field: 'email' });
    await tx.query('INSERT INTO identity.operator (id, display_name, roles) VALUES ($1, $2, $3)', [
      id,
      operator.displayName,
      operator.roles,
    ]);
    await this.mailRoom.sendInvitation(tx, { id, email: operator.email });
    await this.#record(
      tx,
      id,
      'identity.operator-invited',
      { after: { email: operator.email, roles: operator.roles } },
      order,
    );
    return this.#read(tx, id);
  }

  /** @throws Refusal token_refused, password_too_weak */
  async acceptInvitation(request: { token: string; password: string; origin: Origin }): Promise<void> {
    const { token, password, origin } = request;
    const id = await peekOneTimeToken(this.database, token, 'accept-invitation', this.clock.now());
    const { email } = await readPrincipal(this.database, id);
    const passwordHash = await this.passwords.hashNew(password, { email, field: 'password' });
    await this.database.transaction(async (tx) => {
      const now = this.clock.now();
      await useOneTimeToken(tx, token, 'accept-invitation', now);
      await setPassword(tx, id, passwordHash);
      await tx.query('UPDATE identity.principal SET email_verified_at = $2 WHERE id = $1', [id, now]);
      await this.#record(tx, id, 'identity.invitation-accepted', {}, { actor: { kind: 'operator', id }, origin });
    });
  }

  /** @throws Refusal operator_not_found, operator_is_self */
  async setRoles(
    tx: Tx,
    change: { operatorId: string; roles: readonly OperatorRole[] },
    order: Order,
  ): Promise<Operator> {
    const operator = await this.#lockOther(tx, change.operatorId, order);
    await tx.query('UPDATE identity.operator SET roles = $2 WHERE id = $1', [operator.id, change.roles]);
    await raiseEpoch(tx, operator.id);
    const difference = { before: { roles: operator.roles }, after: { roles: change.roles } };
    await this.#record(tx, operator.id, 'identity.operator-roles-set', difference, order);
    return this.#read(tx, operator.id);
  }

  /** Shuts an operator out, for good and at once. @throws Refusal operator_not_found, operator_is_self */
  async disable(tx: Tx, operatorId: string, order: Order): Promise<Operator> {
    const operator = await this.#lockOther(tx, operatorId, order);
    await tx.query(`UPDATE identity.principal SET status = 'closed' WHERE id = $1`, [operator.id]);
    await raiseEpoch(tx, operator.id);
    await this.#record(tx, operator.id, 'identity.operator-disabled', {}, order);
    return this.#read(tx, operator.id);
  }

  async #lockOther(tx: Tx, id: string, { actor }: Order): Promise<Operator> {
    if (actor.kind === 'operator' && actor.id === id) throw refusal('operator_is_self');
    const operator = await this.#read(tx, id);
    await lockPrincipal(tx, id);
    return operator;
  }

  async #read(tx: Tx, id: string): Promise<Operator> {
    const operator = await findOperator(tx, id);
    if (!operator) throw refusal('operator_not_found');
    return operator;
  }

  async #record(
    tx: Tx,
    id: string,
    action: string,
    change: { before?: Json; after?: Json },
    order: Order,
  ): Promise<void> {
    await this.audit.append(tx, {
      actor: order.actor,
      action,
      subject: { kind: 'operator', id },
      request: { id: order.origin?.requestId, network: order.origin?.address },
      ...change,
    });
  }
}
