import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { randomUUID } from 'node:crypto';
import { fillPath, type Operation, operationsOf } from './operations.js';

/** What the guard must say to an actor: let in, or one of the two refusals. */
export type Verdict = 'in' | 401 | 403;

/** Somebody who tries every operation. */
export interface Actor {
  readonly name: string;
  /** Made anew after each operation that may have ended the session that called it. */
  readonly headers: () => Promise<Record<string, string>>;
  /** Which of the verdicts is right for an operation that is not public. */
  readonly verdict: (operation: Operation) => Verdict;
  /** The problem's code when the verdict is a refusal, where only one is right. */
  readonly code?: (operation: Operation) => string | undefined;
}

export interface MatrixResult {
  readonly operations: number;
  readonly cells: number;
  /** How often each verdict was due; one that never was proves nothing. */
  readonly due: Readonly<Record<string, number>>;
  /** Cells that were not as they should be, in words. */
  readonly wrong: readonly string[];
}

/**
 * Tries every operation of the application's OpenAPI document as every actor (rows H1 and H2). Refusals must come before validation, so bodies are
 * senseless on purpose; whoever is let in must get past the guard, which a route that does not exist would not show.
 */
export async function authorizationMatrix(
  app: NestFastifyApplication,
  actors: readonly Actor[],
): Promise<MatrixResult> {
  const operations = await operationsOf(app);
  const wrong: string[] = [];
  const due: Record<string, number> = {};
  const signedIn = new Map<Actor, Record<string, string>>();
  let cells = 0;
  for (const operation of operations) {
    for (const actor of actors) {
      const verdict = isOpen(operation) ? 'in' : actor.verdict(operation);
      const key = `${actor.name}: ${verdict}`;
      due[key] = (due[key] ?? 0) + 1;
      cells += 1;
      const headers = signedIn.get(actor) ?? (await actor.headers());
      signedIn.set(actor, headers);
      const { complaint, mayHaveEnded } = await tryOne(app, { operation, actor, verdict, headers });
      if (mayHaveEnded) signedIn.delete(actor);
      if (complaint !== undefined) wrong.push(`${operation.method} ${operation.path} as ${actor.name}: ${complaint}`);
    }
  }
  return { operations: operations.length, cells, due, wrong };
}

const isOpen = ({ access }: Operation): boolean => access.audience === 'public' || access.audience === 'webhook';

const GUARD_CODES = new Set(['not_signed_in', 'not_allowed', 'credentials_not_accepted', 'account_frozen']);

async function tryOne(
  app: NestFastifyApplication,
  cell: { operation: Operation; actor: Actor; verdict: Verdict; headers: Record<string, string> },
): Promise<{ complaint: string | undefined; mayHaveEnded: boolean }> {
  const { operation, actor, verdict, headers } = cell;
  const response = await app.inject({
    method: operation.method,
    url: fillPath(operation.path, () => randomUUID()),
    headers: { ...headers, 'idempotency-key': randomUUID() },
    ...(operation.body && { payload: { senseless: true } }),
  });
  const status = response.statusCode;
  const complaint = complaintAbout({ status, body: response.body, operation, actor, verdict });
  return { complaint, mayHaveEnded: operation.method !== 'GET' && status < 300 };
}

function complaintAbout(answer: {
  status: number;
  body: string;
  operation: Operation;
  actor: Actor;
  verdict: Verdict;
}): string | undefined {
  const { status, body, operation, actor, verdict } = answer;
  const problem = status >= 400 ? parse(body) : undefined;
  if (status >= 500 && !isUnavailable(status, problem)) return `answered ${status}`;
  if (status >= 400 && !isBare(problem)) return `leaks in ${body.slice(0, 200)}`;
  const code = problem?.['code'];
  if (verdict === 'in') return wasLetIn(operation, status, code);
  if (status !== verdict) return `answered ${status} ${String(code)} instead of ${verdict}`;
  const expected = actor.code?.(operation);
  return expected === undefined || expected === code ? undefined : `answered ${String(code)} instead of ${expected}`;
}

function wasLetIn(operation: Operation, status: number, code: unknown): string | undefined {
  if (GUARD_CODES.has(String(code))) return `was refused by the guard: ${String(code)}`;
  // Only something that was looked for by an id of ours may be missing; anything else is a route that is not there.
  if (status === 404 && !operation.path.includes('{')) return 'found no such route';
  if (operation.access.audience === 'webhook' && status < 400) return `took an unsigned message: ${status}`;
  return undefined;
}

const PROBLEM_MEMBERS = new Set(['type', 'status', 'code', 'title', 'detail', 'field', 'errors', 'requestId']);
const INTERNALS = /\bat .*\.(ts|js):\d+|node_modules|SELECT |INSERT |UPDATE |violates|relation "|ECONN|stack/;

/** Row I10: a problem document and nothing else: no stack, no SQL, no path. */
export const isBare = (problem: Record<string, unknown> | undefined): boolean =>
  problem !== undefined &&
  Object.keys(problem).every((member) => PROBLEM_MEMBERS.has(member)) &&
  typeof problem['code'] === 'string' &&
  !INTERNALS.test(JSON.stringify(problem));

/** A 503 that says what is not there: specs start no nodes, banks or signers, and an operation may need one. */
export const isUnavailable = (status: number, problem: Record<string, unknown> | undefined): boolean =>
  status === 503 && isBare(problem) && problem?.['code'] !== 'internal_error';

/** The fields that a problem document says are wrong. */
export const fieldsNamed = (problem: Record<string, unknown> | undefined): string[] =>
  [
    problem?.['field'],
    ...((problem?.['errors'] as { field: unknown }[] | undefined) ?? []).map(({ field }) => field),
  ].filter((field) => typeof field === 'string');

export function parse(body: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
