import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';
import { type OperatorRole, type Scope } from './access.js';
import { type Refusal } from './refusal.js';

export interface Customer {
  readonly realm: 'customer';
  readonly id: string;
  readonly scopes: ReadonlySet<Scope>;
  /** Why scopes are missing, when the account is restricted rather than the credential. */
  readonly restriction?: Refusal | undefined;
  /** The session or the API key that spoke. */
  readonly credential: { readonly kind: 'session' | 'api-key'; readonly id: string };
}

export interface Operator {
  readonly realm: 'operator';
  readonly id: string;
  readonly roles: ReadonlySet<OperatorRole>;
  readonly credential: { readonly kind: 'session'; readonly id: string };
}

export type CallerIdentity = Customer | Operator;

/** What an authenticator sees of a request. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly ip: string;
  readonly method: string;
  readonly url: string;
  readonly rawBody?: Buffer | undefined;
}

/**
 * Tells who sent a request: undefined when it carries no credentials.
 * @throws Refusal 401 when it carries credentials that are wrong, expired or used from where they may not be.
 */
export interface Authenticator {
  authenticate(credentials: Credentials): Promise<CallerIdentity | undefined>;
}

export const AUTHENTICATOR = Symbol('authenticator');

/** For processes that have only public operations and webhooks, and for specs. */
export const nobody: Authenticator = { authenticate: () => Promise.resolve(undefined) };

export interface HttpRequest extends FastifyRequest {
  caller?: CallerIdentity;
  rawBody?: Buffer;
}

const callerOf = (_: unknown, context: ExecutionContext): CallerIdentity => {
  const { caller } = context.switchToHttp().getRequest<HttpRequest>();
  if (!caller) throw new Error('this operation is public, so it has no caller');
  return caller;
};

/** The caller whom the guard let in: a `Customer` or an `Operator`, as the operation's `@Access` says. */
export const Caller = createParamDecorator(callerOf);

/** The bytes of the body as they came, for what was signed over bytes. */
export const RawBody = createParamDecorator(
  (_: unknown, context: ExecutionContext) =>
    context.switchToHttp().getRequest<HttpRequest>().rawBody ?? Buffer.alloc(0),
);
