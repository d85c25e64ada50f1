import { type Database } from '@base/database';
import { type CredentialChange } from './credential-change.js';
import { type Passwords } from './passwords.js';
import { type Origin } from './principal.js';
import { lockPrincipal, readPrincipal, setPassword } from './principals.js';
import { hadSecondFactor, type IssuedSession } from './sessions.js';

/** Replaces a password by somebody who is signed in and knows the old one. All sessions end; the caller gets a new one. */
export class ChangePassword {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly credentialChange: CredentialChange,
  ) {}

  /** @throws Refusal credentials_refused, password_too_weak, too_many_attempts */
  async run(request: {
    principalId: string;
    sessionId: string;
    password: string;
    newPassword: string;
    origin: Origin;
  }): Promise<IssuedSession> {
    const { password, newPassword, origin } = request;
    const { realm, email } = await readPrincipal(this.database, request.principalId);
    const proven = await this.passwords.check({ realm, email, password, origin });
    const passwordHash = await this.passwords.hashNew(newPassword, { email, field: 'newPassword' });
    return this.database.transaction(async (tx) => {
      const principal = await lockPrincipal(tx, request.principalId);
      await this.passwords.accept(tx, proven, principal);
      await setPassword(tx, principal.id, passwordHash);
      const secondFactor = await hadSecondFactor(tx, request.sessionId);
      const notice = 'Your password was changed, and every session was ended.';
      const change = { principal, action: 'identity.password-changed', notice, origin, holdsWithdrawals: true };
      return this.credentialChange.recordAndReopen(tx, change, secondFactor);
    });
  }
}
