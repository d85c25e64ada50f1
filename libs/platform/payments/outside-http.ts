import { type Secret } from '@base/config';
import { counter, histogram, inSpan } from '@base/observability';
import { type z } from 'zod';
import { type BreakerOptions, CircuitBreaker } from './circuit-breaker.js';
import { OutsideNonsense, OutsideRefused, OutsideUnavailable } from './outside-error.js';

export interface OutsideHttpOptions {
  /** Whom we talk to, in metrics and messages. */
  readonly name: string;
  readonly url: string;
  readonly apiKey: Secret;
  readonly timeoutMs?: number;
  readonly maxBodyBytes?: number;
  readonly breaker?: BreakerOptions;
}

export interface OutsideRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: object;
  /** On every command: an id of ours. */
  readonly key?: string;
}

const seconds = histogram({
  name: 'strongroom_payments_outside_seconds',
  help: 'Requests to bank and card processor',
  labels: ['name', 'outcome'],
});
const failures = counter({
  name: 'strongroom_payments_outside_failures_total',
  help: 'Requests to bank and card processor without a usable answer',
  labels: ['name'],
});

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * HTTP towards one company, distrustful: each request has a time limit for all of it and each answer a size limit, answers are checked against a schema, redirects are
 * not followed, and somebody who stops answering is left alone for a while.
 */
export class OutsideHttp {
  readonly #options: OutsideHttpOptions;
  readonly #breaker: CircuitBreaker;

  constructor(options: OutsideHttpOptions) {
    this.#options = options;
    this.#breaker = new CircuitBreaker(options.breaker ?? { failures: 5, restMs: 2_000 });
  }

  /** @throws OutsideUnavailable, OutsideNonsense, OutsideRefused */
  async json<Schema extends z.ZodType>(schema: Schema, request: OutsideRequest): Promise<z.infer<Schema>> {
    return this.#breaker.run(async () => readAs(schema, parseJson(await this.#send(request))));
  }

  /** As `json`, for an answer that is a text of its own kind, which `read` understands. */
  text<Result>(request: OutsideRequest, read: (text: string) => Result): Promise<Result> {
    return this.#breaker.run(async () => read(await this.#send(request)));
  }

  async #send(request: OutsideRequest): Promise<string> {
    const { name } = this.#options;
    const stop = seconds.startTimer({ name });
    try {
      const text = await inSpan(`${name} ${request.method}`, { 'url.path': request.path }, () =>
        this.#exchange(request),
      );
      stop({ outcome: 'answered' });
      return text;
    } catch (error) {
      const refusedByThem = error instanceof OutsideRefused;
      stop({ outcome: refusedByThem ? 'refused' : 'failed' });
      if (refusedByThem || error instanceof OutsideUnavailable) throw error;
      failures.inc({ name });
      throw new OutsideUnavailable(`${name} did not answer`, { cause: error });
    }
  }

  async #exchange({ method, path, body, key }: OutsideRequest): Promise<string> {
    const { url, apiKey, timeoutMs, maxBodyBytes, name } = this.#options;
    const answer = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${apiKey.reveal()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs ?? 5_000),
    });
    const text = await readBounded(answer, maxBodyBytes ?? MAX_BODY_BYTES);
    if (answer.ok) return text;
    // 408, 425 and 429 say "not now", 401 and 403 that our key is wrong, which is no answer to what was asked; what a 5xx has done is unknown.
    if (answer.status >= 500 || [401, 403, 408, 425, 429].includes(answer.status)) {
      throw new OutsideUnavailable(`${name} answered ${answer.status}`);
    }
    throw new OutsideRefused(answer.status, refusalCode(text));
  }
}

async function readBounded(answer: Response, limit: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A missing or lying Content-Length changes nothing: what counts is what comes.
  for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > limit) throw new OutsideNonsense('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new OutsideNonsense('the answer is not JSON');
  }
}

/** @throws OutsideNonsense */
export function readAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').join(', ');
  throw new OutsideNonsense(`what came is not what was agreed, at ${where}`);
}

/** Codes are theirs and go into records, so only what looks like a code is taken. */
function refusalCode(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: unknown } };
    return typeof error?.code === 'string' && /^[a-z0-9_]{1,64}$/i.test(error.code) ? error.code : 'refused';
  } catch {
    return 'refused';
  }
}
