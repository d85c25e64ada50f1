import { randomUUID } from 'node:crypto';
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException } from '@nestjs/common';
import { type FastifyReply } from 'fastify';
import { CommitUnknown, DatabaseBusy, DatabaseUnavailable } from '@base/database';
import { type Logger } from '@base/observability';
import { type HttpRequest } from './caller.js';
import { Refusal, refuse } from './refusal.js';
import { InvalidRequest } from './validation.js';

/** RFC 9457. `code` is stable; `errors` names each field that is wrong. */
export interface Problem {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly field?: string | undefined;
  readonly errors?: readonly { readonly field: string; readonly message: string }[] | undefined;
  readonly requestId: string;
}

/** Turns whatever was thrown into a problem document. What nobody expected becomes a bare 500 whose id is in the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<HttpRequest>(), http.getResponse<FastifyReply>());
  }

  answer(error: unknown, request: { readonly id?: unknown }, reply: FastifyReply): void {
    const requestId = typeof request.id === 'string' ? request.id : randomUUID();
    const refusal = expected(error);
    if (!refusal) this.#logger.error({ err: error, requestId }, 'a request failed');
    const { code, options } =
      refusal ?? refuse('internal_error', { status: 503, title: 'Something went wrong on our side' });
    const status = refusal ? options.status : 500;
    const problem: Problem = {
      type: 'about:blank',
      status,
      code,
      title: options.title,
      detail: options.detail,
      field: options.field,
      errors: error instanceof InvalidRequest ? error.errors : undefined,
      requestId,
    };
    if (options.retryAfterSeconds !== undefined) void reply.header('retry-after', options.retryAfterSeconds);
    void reply.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

function expected(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof DatabaseBusy || error instanceof DatabaseUnavailable) {
    return refuse('try_again', { status: 503, title: 'We are busy', detail: 'Nothing was done. Try again with the same Idempotency-Key.', retryAfterSeconds: 1 }); // prettier-ignore
  }
  if (error instanceof CommitUnknown) {
    return refuse('outcome_unknown', { status: 503, title: 'We do not know yet whether this was done', detail: 'Ask again with the same Idempotency-Key: you get the answer, or it is done then.', retryAfterSeconds: 1 }); // prettier-ignore
  }
  if (error instanceof HttpException) return ofFramework(error.getStatus());
  const status = statusOf(error);
  return status === undefined || status >= 500 ? undefined : ofFramework(status);
}

/** Errors that Fastify itself makes (unparsable body, too large, wrong media type) carry their status. */
const statusOf = (error: unknown): number | undefined =>
  typeof error === 'object' && error !== null && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;

function ofFramework(status: number): Refusal | undefined {
  switch (status) {
    case 404:
      return refuse('not_found', { status: 404, title: 'There is nothing here' });
    case 413:
      return refuse('body_too_large', { status: 413, title: 'The body is too large' });
    case 429:
      return refuse('too_many_requests', { status: 429, title: 'Too many requests', retryAfterSeconds: 1 });
    default:
      return status < 500 ? refuse('malformed_request', { status: 400, title: 'The request is malformed' }) : undefined;
  }
}
