import { type Audit } from '@platform/audit';
import { type SendEmail } from '@platform/notifications';
import { type Clock } from '@base/clock';
import { type Secret } from '@base/config';
import { type Database } from '@base/database';
import { Sealer } from '@base/sealing';
import { AdministerCustomer } from './administer-customer.js';
import { AttemptThrottle } from './attempt-throttle.js';
import { Authenticate } from './authenticate.js';
import { AuthenticatorApp } from './authenticator-app.js';
import { ChangePassword } from './change-password.js';
import { CredentialChange } from './credential-change.js';
import { EqualTime } from './equal-time.js';
import { LogIn } from './log-in.js';
import { MailRoom } from './mail-room.js';
import { Mails } from './mails.js';
import { ManageApiKeys } from './manage-api-keys.js';
import { ManageOperators } from './manage-operators.js';
import { PasswordHasher } from './password-hasher.js';
import { Passwords } from './passwords.js';
import { PurgeExpired } from './purge-expired.js';
import { RefreshSession } from './refresh-session.js';
import { RegisterCustomer } from './register-customer.js';
import { RequestPasswordReset, ResetPassword } from './reset-password.js';
import { RevokeSessions } from './revoke-sessions.js';
import { SecondFactor } from './second-factor.js';
import { StepUp } from './step-up.js';
import { VerifyEmail } from './verify-email.js';

export interface IdentityParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly sendEmail: SendEmail;
}

export interface IdentitySettings {
  /** Seals second factors. */
  readonly tokenKey: Secret;
  /** The key being replaced, while it is. */
  readonly previousTokenKey?: Secret | undefined;
  /** Where links in messages lead. */
  readonly publicUrl: string;
  /** In a sandbox everybody lives on one address, so limits per network would only be in the way. */
  readonly sharedNetwork: boolean;
  /** See `EqualTime`. */
  readonly equalTimeMs?: number;
  readonly hasher?: PasswordHasher;
}

/** Every use-case of identity, wired by hand: what a module provides and a spec uses are the same objects. */
export function createIdentity(parts: IdentityParts, settings: IdentitySettings) {
  const { database, clock, audit } = parts;
  const hasher = settings.hasher ?? new PasswordHasher();
  const sealer = new Sealer({ purpose: 'totp', key: settings.tokenKey, previous: settings.previousTokenKey });
  const throttle = new AttemptThrottle(database, clock, { sharedNetwork: settings.sharedNetwork });
  const mailRoom = new MailRoom(
    parts.sendEmail,
    new Mails(settings.publicUrl),
    new EqualTime(settings.equalTimeMs),
    clock,
  );
  const passwords = new Passwords(database, hasher, throttle, clock);
  const secondFactor = new SecondFactor(sealer, throttle, clock);
  const credentialChange = new CredentialChange(audit, mailRoom, clock);
  const stepUp = new StepUp(database, passwords, secondFactor, clock);
  return {
    authenticate: new Authenticate(database, clock),
    registerCustomer: new RegisterCustomer(database, passwords, throttle, mailRoom, clock),
    verifyEmail: new VerifyEmail(database, throttle, mailRoom, clock),
    logIn: new LogIn(database, passwords, secondFactor, audit, clock),
    refreshSession: new RefreshSession(database, audit, clock),
    revokeSessions: new RevokeSessions(database, audit, clock),
    changePassword: new ChangePassword(database, passwords, credentialChange),
    requestPasswordReset: new RequestPasswordReset(database, throttle, mailRoom),
    resetPassword: new ResetPassword(database, passwords, credentialChange, clock),
    authenticatorApp: new AuthenticatorApp(database, passwords, secondFactor, credentialChange),
    stepUp,
    manageApiKeys: new ManageApiKeys(database, stepUp, audit, clock),
    administerCustomer: new AdministerCustomer(audit, mailRoom),
    manageOperators: new ManageOperators(database, passwords, mailRoom, audit, clock),
    purgeExpired: new PurgeExpired(database, clock),
  };
}

export type Identity = ReturnType<typeof createIdentity>;
