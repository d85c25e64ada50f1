import { type Database } from '@base/database';
import { type CredentialChange } from './credential-change.js';
import { type Passwords } from './passwords.js';
import { type Origin } from './principal.js';
import { lockPrincipal, readPrincipal } from './principals.js';
import { refusal } from './refusals.js';
import { type SecondFactor, type SecondFactorProof } from './second-factor.js';
import { type IssuedSession } from './sessions.js';
import { totpUri } from './totp.js';

/** Adding and removing an authenticator app. Each ends all sessions and opens a new one: the caller's rights have changed. */
export class AuthenticatorApp {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly secondFactor: SecondFactor,
    private readonly credentialChange: CredentialChange,
  ) {}

  /**
   * Begins: the secret waits for its first code. The password is asked for, or a stolen session could lock its owner out.
   * @throws Refusal credentials_refused, totp_already_enrolled
   */
  async enrol(request: {
    principalId: string;
    password: string;
    origin: Origin;
  }): Promise<{ secret: string; uri: string }> {
    const { realm, email } = await readPrincipal(this.database, request.principalId);
    const proven = await this.passwords.check({ realm, email, password: request.password, origin: request.origin });
    return this.database.transaction(async (tx) => {
      await this.passwords.accept(tx, proven, await lockPrincipal(tx, request.principalId));
      const secret = await this.secondFactor.enrol(tx, request.principalId);
      return { secret, uri: totpUri(secret, email) };
    });
  }

  /** From the first right code on, the app is asked for. The recovery codes are shown this once. @throws Refusal code_refused, totp_not_enrolled */
  async confirm(request: {
    principalId: string;
    code: string;
    origin: Origin;
  }): Promise<{ recoveryCodes: string[]; session: IssuedSession }> {
    const { principalId, code, origin } = request;
    await this.secondFactor.charge(principalId, { address: origin.address, known: true });
    return this.database.transaction(async (tx) => {
      const principal = await lockPrincipal(tx, principalId);
      const recoveryCodes = await this.secondFactor.confirm(tx, principalId, code);
      await this.secondFactor.forgive(tx, principalId, { address: origin.address, known: true });
      const notice = 'An authenticator app now protects your account.';
      const change = { principal, action: 'identity.totp-confirmed', notice, origin, holdsWithdrawals: false };
      return { recoveryCodes, session: await this.credentialChange.recordAndReopen(tx, change, true) };
    });
  }

  /** Takes both factors, and makes withdrawals wait. @throws Refusal credentials_refused, code_refused, totp_not_enrolled */
  async disable(request: {
    principalId: string;
    password: string;
    second: SecondFactorProof | undefined;
    origin: Origin;
  }): Promise<IssuedSession> {
    const { principalId, password, second, origin } = request;
    if (!second) throw refusal('totp_required', { field: 'code' });
    const { realm, email } = await readPrincipal(this.database, principalId);
    const proven = await this.passwords.check({ realm, email, password, origin });
    await this.secondFactor.charge(principalId, proven.attempt);
    return this.database.transaction(async (tx) => {
      const principal = await lockPrincipal(tx, principalId);
      await this.passwords.accept(tx, proven, principal);
      if (!(await this.secondFactor.isEnrolled(tx, principalId))) throw refusal('totp_not_enrolled');
      await this.secondFactor.prove(tx, principalId, second);
      await this.secondFactor.forgive(tx, principalId, proven.attempt);
      await this.secondFactor.remove(tx, principalId);
      const notice = 'Your authenticator app was removed. Withdrawals wait for 24 hours.';
      const change = { principal, action: 'identity.totp-disabled', notice, origin, holdsWithdrawals: true };
      return this.credentialChange.recordAndReopen(tx, change, false);
    });
  }
}
