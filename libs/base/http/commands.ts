import { createHash } from 'node:crypto';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { type Database, type Tx } from '@base/database';
import { type HttpRequest } from './caller.js';
import { refuse } from './refusal.js';

export interface Command {
  /** Whose key it is: keys of two owners never meet. */
  readonly owner: string;
  readonly key: string;
  /** The name of the operation, so that one key cannot answer for two. */
  readonly operation: string;
  /** Everything that shapes the effect: the parsed body and the path's parameters. */
  readonly request: unknown;
}

export interface Answer {
  readonly status: number;
  /** JSON; amounts as strings. */
  readonly body: unknown;
}

/** What a controller returns for a command; the interceptor makes status and headers of it. */
export class CommandResult {
  constructor(
    readonly status: number,
    readonly body: unknown,
    readonly replayed: boolean,
  ) {}
}

interface StoredAnswer {
  readonly operation: string;
  readonly request_hash: Buffer;
  readonly status: number;
  readonly body: unknown;
}

/**
 * Runs commands at most once per idempotency key. Key, effect and answer commit in one transaction; the unique index decides between two who come at
 * once, and the later one waits and gets the same answer. A refusal leaves no key behind, so a corrected request may use it again.
 */
export class Commands {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws Refusal 422 `idempotency_key_reused` for another request under the same key; whatever `work` refuses with. */
  run(command: Command, work: (tx: Tx) => Promise<Answer>): Promise<CommandResult> {
    const hash = createHash('sha256')
      .update(canonical({ operation: command.operation, request: command.request }))
      .digest();
    return this.#database.transaction(async (tx) => {
      const fresh = await tx.maybeOne(
        `INSERT INTO base.idempotency (owner, key, operation, request_hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (owner, key) DO NOTHING RETURNING key`,
        [command.owner, command.key, command.operation, hash],
      );
      if (!fresh) return this.#replay(tx, command, hash);
      const answer = await work(tx);
      const stored = await tx.one<StoredAnswer>(
        'UPDATE base.idempotency SET status = $3, body = $4 WHERE owner = $1 AND key = $2 RETURNING status, body',
        [command.owner, command.key, answer.status, JSON.stringify(answer.body ?? null)],
      );
      return new CommandResult(stored.status, stored.body, false);
    });
  }

  async #replay(tx: Tx, command: Command, hash: Buffer): Promise<CommandResult> {
    const stored = await tx.one<StoredAnswer>(
      'SELECT operation, request_hash, status, body FROM base.idempotency WHERE owner = $1 AND key = $2',
      [command.owner, command.key],
    );
    if (stored.operation !== command.operation || !stored.request_hash.equals(hash)) {
      throw refuse('idempotency_key_reused', {
        status: 422,
        title: 'This idempotency key was used for another request',
        detail: 'Send a new key with a new request; send the same request to get the first answer again.',
      });
    }
    return new CommandResult(stored.status, stored.body, true);
  }
}

/** JSON with sorted keys, so that the order in which a client writes its fields does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'bigint') return inner.toString();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The `Idempotency-Key` header, which every command must carry. */
export const IdempotencyKey = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const key = context.switchToHttp().getRequest<HttpRequest>().headers['idempotency-key'];
  if (typeof key === 'string' && KEY.test(key)) return key;
  throw refuse('idempotency_key_missing', {
    status: 400,
    title: 'This request needs an Idempotency-Key header',
    detail: 'Send 1 to 255 visible ASCII characters that are new for each new request, such as a UUID.',
    field: 'Idempotency-Key',
  });
});
