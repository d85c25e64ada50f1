import { refuse, type Refusal } from '@base/http';

/** Everything identity may answer no with. */
export type IdentityRefusal = keyof typeof REFUSALS;

const REFUSALS = {
  credentials_refused: {
    status: 401,
    title: 'E-mail or password is not right',
    detail: 'Check both, or ask for a password reset.',
  },
  email_not_verified: {
    status: 403,
    title: 'The e-mail address is not confirmed yet',
    detail: 'Follow the link in our message, or ask for a new one.',
  },
  totp_required: {
    status: 401,
    title: 'A code is needed',
    detail: 'Send the code of your authenticator app as `code`, or a `recoveryCode`.',
  },
  code_refused: {
    status: 401,
    title: 'The code is not right',
    detail: 'Each code counts once. Wait for the next one and try again.',
    field: 'code',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts',
    detail: 'Wait as long as Retry-After says. A password reset by e-mail always works.',
  },
  too_busy: { status: 503, title: 'Too many sign-ins at once', detail: 'Try again in a moment.' },
  password_too_weak: {
    status: 422,
    title: 'This password is too easy to guess',
    detail: 'Take at least 12 characters that are not a common phrase; four random words will do.',
  },
  token_refused: {
    status: 422,
    title: 'This link is used up or too old',
    detail: 'Ask for a new one.',
    field: 'token',
  },
  session_refused: { status: 401, title: 'This session has ended', detail: 'Sign in again.' },
  session_not_found: { status: 404, title: 'There is no such session', detail: 'GET /v1/sessions lists yours.' },
  totp_already_enrolled: {
    status: 409,
    title: 'An authenticator app is already in use',
    detail: 'Disable it before enrolling another.',
  },
  totp_not_enrolled: { status: 409, title: 'No authenticator app is waiting', detail: 'Enrol one first.' },
  step_up_required: {
    status: 403,
    title: 'This needs a fresh confirmation',
    detail: 'POST /v1/step-up with this very request, and send the token as X-Step-Up.',
  },
  step_up_refused: {
    status: 403,
    title: 'The confirmation does not fit this request',
    detail: 'It counts once, for two minutes, for exactly the request it was given for. Ask for another.',
  },
  session_needed: { status: 403, title: 'An API key cannot do this', detail: 'Sign in and do it from a session.' },
  api_key_not_found: { status: 404, title: 'There is no such API key', detail: 'GET /v1/api-keys lists yours.' },
  too_many_api_keys: { status: 409, title: 'Too many API keys', detail: 'Revoke one that is no longer used.' },
  networks_required: {
    status: 422,
    title: 'A key that may withdraw needs fixed networks',
    detail: 'List the addresses it will be used from.',
    field: 'networks',
  },
  networks_invalid: {
    status: 422,
    title: 'That is no network',
    detail: 'Write CIDR blocks such as 203.0.113.0/24 or 2001:db8::/48, or single addresses.',
    field: 'networks',
  },
  customer_not_found: { status: 404, title: 'There is no such customer', detail: 'Check the id.' },
  customer_status_conflict: {
    status: 409,
    title: 'The customer is not in the state for this',
    detail: 'Read the customer again.',
  },
  account_frozen: {
    status: 403,
    title: 'This account is frozen',
    detail: 'It can be looked at, but nothing moves. Contact support.',
  },
  operator_not_found: { status: 404, title: 'There is no such operator', detail: 'Check the id.' },
  operator_is_self: { status: 403, title: 'Nobody changes their own rights', detail: 'Ask another administrator.' },
  operator_exists: {
    status: 409,
    title: 'There is an operator with this address',
    detail: 'GET /v1/operators lists them.',
    field: 'email',
  },
} as const;

/** The refusal of this code, ready to throw. `retryAfterSeconds` goes into the Retry-After header. */
export function refusal(code: IdentityRefusal, extra: { field?: string; retryAfterSeconds?: number } = {}): Refusal {
  return refuse(code, { ...REFUSALS[code], ...extra });
}
