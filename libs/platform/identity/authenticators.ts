import {
  type Authenticator,
  type CallerIdentity,
  type Credentials,
  refuse,
  type Refusal,
  type Scope,
} from '@base/http';
import { type Authenticate, type AuthenticatedCustomer } from './authenticate.js';
import { canonicalAddress } from './network.js';
import { refusal } from './refusals.js';

const credentialsRefused = (): Refusal =>
  refuse('credentials_not_accepted', {
    status: 401,
    title: 'These credentials are not accepted',
    detail: 'The token or key is unknown, ended, or used from where it may not be. Sign in again.',
  });

const EVERYTHING: readonly Scope[] = ['view', 'trade', 'transfer', 'withdraw', 'manage'];
/** A frozen customer may look, and look after the account's security. */
const WHILE_FROZEN: readonly Scope[] = ['view', 'manage'];

/** Customers: a session as `Authorization: Bearer`, or an API key as `X-API-Key: id:secret`; never in a URL. */
export function customerAuthenticator(authenticate: Authenticate): Authenticator {
  return {
    authenticate: async (credentials) => {
      const bearer = bearerToken(credentials);
      const key = single(credentials.headers['x-api-key']);
      if (bearer === undefined && key === undefined) return undefined;
      if (bearer !== undefined && key !== undefined) throw credentialsRefused();
      const customer =
        bearer !== undefined
          ? await authenticate.customerBySession(bearer)
          : await authenticate.customerByKey(...splitKey(key ?? ''), canonicalAddress(credentials.ip));
      if (!customer) throw credentialsRefused();
      return asCaller(customer);
    },
  };
}

function asCaller(customer: AuthenticatedCustomer): CallerIdentity {
  const granted: readonly Scope[] = customer.apiKeyId === undefined ? EVERYTHING : customer.scopes;
  const scopes = new Set(customer.frozen ? granted.filter((scope) => WHILE_FROZEN.includes(scope)) : granted);
  const credential =
    customer.sessionId === undefined
      ? ({ kind: 'api-key', id: customer.apiKeyId ?? '' } as const)
      : ({ kind: 'session', id: customer.sessionId } as const);
  const restriction = customer.frozen ? refusal('account_frozen') : undefined;
  return { realm: 'customer', id: customer.id, scopes, credential, restriction };
}

/**
 * Operators: a session only.
 * @param options.secondFactorRequired an operator whose session was opened without one then has no role: enrolling an app is all that is left.
 */
export function operatorAuthenticator(
  authenticate: Authenticate,
  options: { secondFactorRequired: boolean },
): Authenticator {
  return {
    authenticate: async (credentials) => {
      const bearer = bearerToken(credentials);
      if (bearer === undefined) return undefined;
      const operator = await authenticate.operatorBySession(bearer);
      if (!operator) throw credentialsRefused();
      const roles = options.secondFactorRequired && !operator.secondFactor ? [] : operator.roles;
      return {
        realm: 'operator',
        id: operator.id,
        roles: new Set(roles),
        credential: { kind: 'session', id: operator.sessionId },
      };
    },
  };
}

/** @throws Refusal for an Authorization header of another kind: it was meant to count and does not. */
function bearerToken({ headers }: Credentials): string | undefined {
  const header = single(headers['authorization']);
  if (header === undefined) return undefined;
  const [, token] = /^Bearer ([\x21-\x7e]{1,200})$/i.exec(header) ?? [];
  if (token === undefined) throw credentialsRefused();
  return token;
}

function splitKey(key: string): [id: string, secret: string] {
  const colon = key.indexOf(':');
  return [key.slice(0, Math.max(colon, 0)), key.slice(colon + 1, colon + 201)];
}

function single(header: string | string[] | undefined): string | undefined {
  if (Array.isArray(header)) throw credentialsRefused();
  return header;
}
