import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** What an API key may be allowed to do. A signed-in customer has all of them. */
export const SCOPES = ['view', 'trade', 'transfer', 'withdraw', 'manage'] as const;
export type Scope = (typeof SCOPES)[number];

export const OPERATOR_ROLES = ['support', 'treasury', 'compliance', 'lending', 'admin'] as const;
export type OperatorRole = (typeof OPERATOR_ROLES)[number];

/**
 * Who may call an operation. `public`: anybody. `customer`: a signed-in customer, or an API key with the scope. `operator`: an operator with one of the
 * roles, or `any` operator for what concerns the operator alone. `webhook`: an outside system that signs what it sends; the handler verifies it. `sandbox`: an operator, and only in sandbox mode:
 * elsewhere the operation does not exist.
 */
export type AccessRule =
  | { readonly audience: 'public' }
  | { readonly audience: 'webhook' }
  | { readonly audience: 'customer'; readonly scope: Scope }
  | { readonly audience: 'operator'; readonly roles: readonly OperatorRole[] | 'any' }
  | { readonly audience: 'sandbox'; readonly roles: readonly OperatorRole[] };

export const ACCESS = Symbol('access');

const declare = (rule: AccessRule): MethodDecorator & ClassDecorator =>
  applyDecorators(SetMetadata(ACCESS, rule), ApiExtension('x-access', rule));

export function Access(audience: 'public' | 'webhook'): MethodDecorator & ClassDecorator;
export function Access(audience: 'customer', needs: { scope: Scope }): MethodDecorator & ClassDecorator;
export function Access(
  audience: 'operator',
  needs: { roles: readonly OperatorRole[] | 'any' },
): MethodDecorator & ClassDecorator;
export function Access(
  audience: 'sandbox',
  needs: { roles: readonly OperatorRole[] },
): MethodDecorator & ClassDecorator;
/** Declares who may call an operation; one that declares nothing stops the start-up. */
export function Access(
  audience: AccessRule['audience'],
  needs: { scope?: Scope; roles?: readonly OperatorRole[] | 'any' } = {},
): MethodDecorator & ClassDecorator {
  switch (audience) {
    case 'public':
    case 'webhook':
      return declare({ audience });
    case 'customer':
      return declare({ audience, scope: needs.scope ?? 'manage' });
    case 'operator':
      return declare({ audience, roles: needs.roles ?? [] });
    case 'sandbox':
      return declare({ audience, roles: needs.roles === 'any' ? [] : (needs.roles ?? []) });
  }
}
