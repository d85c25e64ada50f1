import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { type Attempt, type AttemptThrottle } from './attempt-throttle.js';
import { type PasswordHasher } from './password-hasher.js';
import { isWeakPassword } from './password-policy.js';
import { type Origin, type Principal, type Realm } from './principal.js';
import { findPrincipalAt, setPassword } from './principals.js';
import { refusal } from './refusals.js';
import { KNOWN_NETWORK_MS } from './session-policy.js';

/** A password that was right, not yet acted on. */
export interface ProvenPassword {
  readonly principal: Principal;
  readonly attempt: Attempt;
  /** The hash under today's parameters, when the stored one was made under older ones. */
  readonly renewedHash: string | undefined;
}

/** Checks passwords at one speed for everyone, within the limits on guessing. */
export class Passwords {
  constructor(
    private readonly database: Database,
    private readonly hasher: PasswordHasher,
    private readonly throttle: AttemptThrottle,
    private readonly clock: Clock,
  ) {}

  /**
   * An unknown address, a closed account, an invitation not yet accepted and a wrong password are told apart neither by the answer nor by
   * the work done.
   * @throws Refusal credentials_refused, too_many_attempts, too_busy
   */
  async check(given: { realm: Realm; email: string; password: string; origin: Origin }): Promise<ProvenPassword> {
    const { realm, email, password, origin } = given;
    const knownSince = new Date(this.clock.now().getTime() - KNOWN_NETWORK_MS);
    const { principal, known } = await findPrincipalAt(this.database, {
      realm,
      email,
      address: origin.address,
      knownSince,
    });
    const attempt: Attempt = { kind: 'password', subject: `${realm}:${email}`, address: origin.address, known };
    await this.throttle.charge(attempt);
    const matches = await this.hasher.verify(password, principal?.passwordHash);
    if (!principal || !matches || principal.status === 'closed') throw refusal('credentials_refused');
    const outdated = principal.passwordHash !== null && this.hasher.isOutdated(principal.passwordHash);
    return { principal, attempt, renewedHash: outdated ? await this.hasher.hash(password) : undefined };
  }

  /**
   * Acts on the proof within the transaction that has locked the principal: what was proven must still hold, and the attempt no longer
   * counts. @throws Refusal credentials_refused
   */
  async accept(tx: Tx, proven: ProvenPassword, locked: Principal): Promise<void> {
    if (locked.passwordHash !== proven.principal.passwordHash || locked.status === 'closed')
      throw refusal('credentials_refused');
    await this.throttle.forgive(tx, proven.attempt);
    if (proven.renewedHash !== undefined) await setPassword(tx, locked.id, proven.renewedHash);
  }

  /** The hash of a new password. @throws Refusal password_too_weak, too_busy */
  async hashNew(password: string, owner: { email: string; field: string }): Promise<string> {
    if (isWeakPassword(password, [owner.email])) throw refusal('password_too_weak', { field: owner.field });
    return this.hasher.hash(password);
  }

  /** The password was right, and something else was missing: the attempt was no guess. */
  async forgive(proven: ProvenPassword): Promise<void> {
    await this.database.transaction((tx) => this.throttle.forgive(tx, proven.attempt));
  }
}
