export { IdentityModule } from './identity.module.js';
export { customerAuthenticator, operatorAuthenticator } from './authenticators.js';
export { RequestOrigin, RequestStepUp, type GivenStepUp } from './request-origin.js';
export {
  confirmedTotpSchema,
  emailSchema,
  enrolledTotpSchema,
  issuedSessionSchema,
  notBothProofs,
  passwordSchema,
  recoveryCodeSchema,
  secondFactorFields,
  secondFactorOf,
  tokenSchema,
  totpCodeSchema,
} from './schemas.js';
export { createIdentity, type Identity, type IdentityParts, type IdentitySettings } from './create-identity.js';
export { Authenticate, type AuthenticatedCustomer, type AuthenticatedOperator } from './authenticate.js';
export { AdministerCustomer, type CustomerAction } from './administer-customer.js';
export { AuthenticatorApp } from './authenticator-app.js';
export { ChangePassword } from './change-password.js';
export { LogIn, type LogInRequest } from './log-in.js';
export { ManageApiKeys, type CreateApiKeyRequest } from './manage-api-keys.js';
export { ManageOperators } from './manage-operators.js';
export { PurgeExpired } from './purge-expired.js';
export { RefreshSession } from './refresh-session.js';
export { RegisterCustomer } from './register-customer.js';
export { RequestPasswordReset, ResetPassword } from './reset-password.js';
export { RevokeSessions } from './revoke-sessions.js';
export { SeedPeople, type SeededApiKey, type SeededCustomer, type SeededOperator } from './seed-people.js';
export { stepUpProofOf, stepUpRequestSchema, steppedUpSchema } from './step-up-schema.js';
export { StepUp, type SteppedUp, type StepUpCaller, type StepUpProof } from './step-up.js';
export { VerifyEmail } from './verify-email.js';

export { listApiKeys, type ApiKey } from './api-keys.js';
export { ApiKeyStandings, type KeyStanding, mayComeFrom, secretFits, secretHash } from './api-key-standings.js';
export { findCustomer, listCustomers, lockCustomer, type Customer, type CustomerFilter } from './customers.js';
export { findOperator, hasOperators, listOperators, type Operator } from './operators.js';
export { listSessions, type IssuedSession, type Session } from './sessions.js';
export { canonicalJson, operationDigest, type Operation } from './operation-digest.js';
export { canonicalAddress, networkOf } from './network.js';
export { PasswordHasher, type PasswordHasherOptions } from './password-hasher.js';
export { PASSWORD_MAX_CHARACTERS, PASSWORD_MIN_CHARACTERS } from './password-policy.js';
export { type IdentityRefusal } from './refusals.js';
export { type SecondFactorProof } from './second-factor.js';
export { API_KEY_SCOPES, type ApiKeyScope, type Origin, type PrincipalStatus, type Realm } from './principal.js';
