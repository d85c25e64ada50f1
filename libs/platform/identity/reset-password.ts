import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { revokeAllApiKeys } from './api-keys.js';
import { type AttemptThrottle } from './attempt-throttle.js';
import { type CredentialChange } from './credential-change.js';
import { type MailRoom } from './mail-room.js';
import { peekOneTimeToken, useOneTimeToken } from './one-time-tokens.js';
import { type Passwords } from './passwords.js';
import { type Origin } from './principal.js';
import { findPrincipal, lockPrincipal, readPrincipal, rememberNetwork, setPassword } from './principals.js';

/** The first half: a message to whoever reads the mailbox. Whether there is an account is not said. */
export class RequestPasswordReset {
  constructor(
    private readonly database: Database,
    private readonly throttle: AttemptThrottle,
    private readonly mailRoom: MailRoom,
  ) {}

  /** @throws Refusal too_many_attempts */
  async run(request: { email: string; origin: Origin }): Promise<void> {
    const { email, origin } = request;
    await this.throttle.charge({ kind: 'message', subject: email, address: origin.address, known: false });
    await this.mailRoom.inEqualTime(() =>
      this.database.transaction(async (tx) => {
        const principal = await findPrincipal(tx, 'customer', email);
        if (principal && principal.status !== 'closed') await this.mailRoom.sendPasswordReset(tx, principal);
      }),
    );
  }
}

/**
 * The second half. It takes the account to have been in other hands: sessions and API keys end and withdrawals wait. An authenticator app
 * stays in force, since a mailbox alone must never lift it.
 */
export class ResetPassword {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly credentialChange: CredentialChange,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal token_refused, password_too_weak */
  async run(request: { token: string; newPassword: string; origin: Origin }): Promise<void> {
    const { token, newPassword, origin } = request;
    // Looked up before it is used up: a password that is refused as weak must not cost the owner the link.
    const principalId = await peekOneTimeToken(this.database, token, 'reset-password', this.clock.now());
    const { email } = await readPrincipal(this.database, principalId);
    const passwordHash = await this.passwords.hashNew(newPassword, { email, field: 'newPassword' });
    await this.database.transaction(async (tx) => {
      const now = this.clock.now();
      const principal = await lockPrincipal(tx, await useOneTimeToken(tx, token, 'reset-password', now));
      await setPassword(tx, principal.id, passwordHash);
      // Reading the mailbox proves the address as well, and the owner is at home where the link was followed.
      await tx.query(
        'UPDATE identity.principal SET email_verified_at = coalesce(email_verified_at, $2) WHERE id = $1',
        [principal.id, now],
      );
      await rememberNetwork(tx, principal.id, origin.address, now);
      await revokeAllApiKeys(tx, principal.id, now);
      const notice = 'Your password was reset. Every session and API key was ended.';
      await this.credentialChange.record(tx, {
        principal,
        action: 'identity.password-reset',
        notice,
        origin,
        holdsWithdrawals: true,
      });
    });
  }
}
