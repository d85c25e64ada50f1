import { type DynamicModule, Global, Module, type Provider, type Type } from '@nestjs/common';
import { CLOCK, type Clock } from '@base/clock';
import { Database } from '@base/database';
import { Audit } from '@platform/audit';
import { SendEmail } from '@platform/notifications';
import { createIdentity, type Identity, type IdentitySettings } from './create-identity.js';
import { AdministerCustomer } from './administer-customer.js';
import { Authenticate } from './authenticate.js';
import { AuthenticatorApp } from './authenticator-app.js';
import { ChangePassword } from './change-password.js';
import { LogIn } from './log-in.js';
import { ManageApiKeys } from './manage-api-keys.js';
import { ManageOperators } from './manage-operators.js';
import { RefreshSession } from './refresh-session.js';
import { RegisterCustomer } from './register-customer.js';
import { RequestPasswordReset, ResetPassword } from './reset-password.js';
import { RevokeSessions } from './revoke-sessions.js';
import { StepUp } from './step-up.js';
import { VerifyEmail } from './verify-email.js';

const IDENTITY = Symbol('identity');

const provide = <UseCase>(type: Type<UseCase>, of: (identity: Identity) => UseCase): Provider => ({
  provide: type,
  useFactory: of,
  inject: [IDENTITY],
});

const USE_CASES: readonly Provider[] = [
  provide(AdministerCustomer, (identity) => identity.administerCustomer),
  provide(Authenticate, (identity) => identity.authenticate),
  provide(AuthenticatorApp, (identity) => identity.authenticatorApp),
  provide(ChangePassword, (identity) => identity.changePassword),
  provide(LogIn, (identity) => identity.logIn),
  provide(ManageApiKeys, (identity) => identity.manageApiKeys),
  provide(ManageOperators, (identity) => identity.manageOperators),
  provide(RefreshSession, (identity) => identity.refreshSession),
  provide(RegisterCustomer, (identity) => identity.registerCustomer),
  provide(RequestPasswordReset, (identity) => identity.requestPasswordReset),
  provide(ResetPassword, (identity) => identity.resetPassword),
  provide(RevokeSessions, (identity) => identity.revokeSessions),
  provide(StepUp, (identity) => identity.stepUp),
  provide(VerifyEmail, (identity) => identity.verifyEmail),
];

/** Every use-case of identity by its class; `StepUp` is what other modules of an app ask for. */
@Global()
@Module({})
export class IdentityModule {
  static of(settings: IdentitySettings): DynamicModule {
    const identity: Provider = {
      provide: IDENTITY,
      useFactory: (database: Database, clock: Clock, audit: Audit, sendEmail: SendEmail) =>
        createIdentity({ database, clock, audit, sendEmail }, settings),
      inject: [Database, CLOCK, Audit, SendEmail],
    };
    return { module: IdentityModule, providers: [identity, ...USE_CASES], exports: [...USE_CASES] };
  }
}
