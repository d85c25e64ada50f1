import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ACCESS, type AccessRule } from './access.js';
import { type Authenticator, type CallerIdentity, type HttpRequest } from './caller.js';
import { refuse, type Refusal } from './refusal.js';

const notSignedIn = (): Refusal =>
  refuse('not_signed_in', {
    status: 401,
    title: 'You are not signed in',
    detail: 'Send a session token or an API key.',
  });

const notFound = (): Refusal => refuse('not_found', { status: 404, title: 'There is nothing here' });

/** Lets in whom the operation's `@Access` names, and nobody where nothing is declared. Runs before the body is validated. */
@Injectable()
export class AccessGuard implements CanActivate {
  readonly #reflector = new Reflector();
  readonly #authenticator: Authenticator;
  readonly #sandbox: boolean;

  constructor(authenticator: Authenticator, sandbox: boolean) {
    this.#authenticator = authenticator;
    this.#sandbox = sandbox;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.#reflector.getAllAndOverride<AccessRule | undefined>(ACCESS, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (!rule) throw notFound();
    if (rule.audience === 'public' || rule.audience === 'webhook') return true;
    if (rule.audience === 'sandbox' && !this.#sandbox) throw notFound();
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const caller = await this.#authenticator.authenticate(request);
    if (!caller) throw notSignedIn();
    if (!mayCall(caller, rule)) throw notAllowed(caller, rule);
    request.caller = caller;
    return true;
  }
}

type RestrictedRule = Exclude<AccessRule, { audience: 'public' | 'webhook' }>;

function mayCall(caller: CallerIdentity, rule: RestrictedRule): boolean {
  switch (rule.audience) {
    case 'customer':
      return caller.realm === 'customer' && caller.scopes.has(rule.scope);
    case 'operator':
    case 'sandbox':
      return (
        caller.realm === 'operator' &&
        (rule.roles === 'any' || rule.roles.some((role) => caller.roles.has(role)) || caller.roles.has('admin'))
      );
  }
}

/** A customer whose account is restricted is told that, and not that a scope is missing. */
function notAllowed(caller: CallerIdentity, rule: RestrictedRule): Refusal {
  if (caller.realm === 'customer' && rule.audience === 'customer' && caller.restriction) return caller.restriction;
  return refuse('not_allowed', { status: 403, title: 'You may not do this', detail: needs(rule) });
}

const needs = (rule: RestrictedRule): string =>
  rule.audience === 'customer'
    ? `It needs the scope "${rule.scope}".`
    : `It needs one of the roles: ${[rule.roles].flat().join(', ')}.`;
