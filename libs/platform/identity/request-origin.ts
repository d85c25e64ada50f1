import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type HttpRequest } from '@base/http';
import { canonicalAddress } from './network.js';
import { type Operation } from './operation-digest.js';
import { type Origin } from './principal.js';

const DEVICE_MAX = 200;
const TOKEN_MAX = 200;

/** Where the request came from: an `Origin`. */
export const RequestOrigin = createParamDecorator((_: unknown, context: ExecutionContext): Origin => {
  const request = context.switchToHttp().getRequest<HttpRequest>();
  const device = (request.headers['user-agent'] ?? 'unknown').replace(/[^\x20-\x7e]/g, '?').slice(0, DEVICE_MAX);
  return { address: canonicalAddress(request.ip), device, requestId: request.id };
});

/** What a step-up must have been given for, and the token of the `X-Step-Up` header that says it was. */
export interface GivenStepUp {
  readonly operation: Operation;
  readonly token: string | undefined;
}

/** The request itself as an operation, before any schema touched its body, and its `X-Step-Up` header: a `GivenStepUp`. */
export const RequestStepUp = createParamDecorator((_: unknown, context: ExecutionContext): GivenStepUp => {
  const request = context.switchToHttp().getRequest<HttpRequest>();
  const token = request.headers['x-step-up'];
  const path = request.url.replace(/\?.*$/s, '');
  return {
    operation: { method: request.method, path, body: request.body ?? null },
    token: typeof token === 'string' && token.length <= TOKEN_MAX ? token : undefined,
  };
});
