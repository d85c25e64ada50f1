export { Access, type AccessRule, OPERATOR_ROLES, type OperatorRole, type Scope, SCOPES } from './access.js';
export { AMOUNT_PATTERN, amountText, assetCode, minorOf } from './amounts.js';
export { type Authenticator, Caller, type CallerIdentity, type Credentials, type Customer, type HttpRequest, nobody, type Operator, RawBody } from './caller.js'; // prettier-ignore
export { type Answer, type Command, CommandResult, Commands, IdempotencyKey } from './commands.js';
export { createHttpApp, type HttpAppOptions, openApiOf } from './create-http-app.js';
export { type ReadinessCheck } from './health.js';
export { decodeCursor, idCursor, type Page, pageOf, pageQuery, timeCursor } from './pages.js';
export { type Problem } from './problem-filter.js';
export { Refusal, type RefusalOptions, refuse } from './refusal.js';
export { UndeclaredAccess } from './require-declared-access.js';
export { serve } from './serve.js';
export { type FieldError, InvalidRequest } from './validation.js';
