import { createHash } from 'node:crypto';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { networkOf } from './network.js';
import { refusal } from './refusals.js';

const MINUTE_MS = 60_000;

/** Failures that a bucket takes within its window. */
interface Limit {
  readonly failures: number;
  readonly windowMs: number;
}

interface Limits {
  /** One account from one network: the ordinary guesser, and the owner who forgot. */
  readonly pair: Limit;
  /** One account from all networks it was never used from: many places trying one account. */
  readonly strangers: Limit;
  /** Everyone on one network together: many accounts tried from one place. */
  readonly network: Limit;
}

/** NIST SP 800-63B-4 allows 100 wrong passwords in a row. Messages are counted too: nobody's mailbox is flooded through us. */
const LIMITS: Readonly<Record<Attempt['kind'], Limits>> = {
  password: {
    pair: { failures: 10, windowMs: 15 * MINUTE_MS },
    strangers: { failures: 50, windowMs: 60 * MINUTE_MS },
    network: { failures: 100, windowMs: 15 * MINUTE_MS },
  },
  code: {
    pair: { failures: 10, windowMs: 15 * MINUTE_MS },
    strangers: { failures: 30, windowMs: 60 * MINUTE_MS },
    network: { failures: 100, windowMs: 15 * MINUTE_MS },
  },
  message: {
    pair: { failures: 6, windowMs: 60 * MINUTE_MS },
    strangers: { failures: 12, windowMs: 60 * MINUTE_MS },
    network: { failures: 100, windowMs: 60 * MINUTE_MS },
  },
};

/** Who is trying to prove what from where. */
export interface Attempt {
  /** `message` is no proof but a letter to an address, which is counted likewise. */
  readonly kind: 'password' | 'code' | 'message';
  /** The account: as given, whether or not there is one. */
  readonly subject: string;
  readonly address: string;
  /** Whether the account was used from this network before. */
  readonly known: boolean;
}

/**
 * Limits on guessing, per account and per network. Nobody can lock an owner out from elsewhere: a network that the account was used from
 * answers only for its own failures. Counts are made before the proof is checked and taken back when it holds, so that a volley of
 * parallel guesses gets no more tries than a patient one.
 */
export class AttemptThrottle {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly options: { sharedNetwork: boolean },
  ) {}

  /** Counts the attempt as failed for now. @throws Refusal too_many_attempts */
  async charge(attempt: Attempt): Promise<void> {
    const now = this.clock.now().getTime();
    const buckets = this.#buckets(attempt);
    const rows = await this.database.query<{ bucket: string; failures: number; endsAt: Date }>(
      `INSERT INTO identity.attempt AS a (bucket, failures, window_ends_at)
       SELECT bucket, 1, ends_at FROM unnest($1::text[], $2::timestamptz[]) AS t (bucket, ends_at) ORDER BY bucket
       ON CONFLICT (bucket) DO UPDATE SET
         failures = CASE WHEN a.window_ends_at <= $3 THEN 1 ELSE a.failures + 1 END,
         window_ends_at = CASE WHEN a.window_ends_at <= $3 THEN EXCLUDED.window_ends_at ELSE a.window_ends_at END
       RETURNING bucket, failures, window_ends_at AS "endsAt"`,
      [buckets.map(({ name }) => name), buckets.map(({ limit }) => new Date(now + limit.windowMs)), new Date(now)],
    );
    const limits = new Map(buckets.map(({ name, limit }) => [name, limit.failures]));
    const exceeded = rows.filter(({ bucket, failures }) => failures > (limits.get(bucket) ?? 0));
    if (exceeded.length === 0) return;
    const waitMs = Math.max(...exceeded.map(({ endsAt }) => endsAt.getTime())) - now;
    throw refusal('too_many_attempts', { retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1_000)) });
  }

  /** Takes the attempt back: the proof held. The pair starts anew; wider buckets lose this one count. */
  async forgive(tx: Tx, attempt: Attempt): Promise<void> {
    const [pair, ...wider] = this.#buckets(attempt).map(({ name }) => name);
    await tx.query('DELETE FROM identity.attempt WHERE bucket = $1', [pair]);
    await tx.query(
      `UPDATE identity.attempt SET failures = failures - 1
        WHERE bucket IN (SELECT bucket FROM identity.attempt WHERE bucket = ANY($1) AND failures > 0 ORDER BY bucket FOR NO KEY UPDATE)`,
      [wider],
    );
  }

  /** The pair comes first. Subjects are hashed: whoever reads the table learns no address that was tried. */
  #buckets({ kind, subject, address, known }: Attempt): { name: string; limit: Limit }[] {
    const network = networkOf(address);
    const limits = LIMITS[kind];
    const account = createHash('sha256').update(subject).digest('base64url').slice(0, 22);
    const pair = { name: `${kind}:pair:${account}:${network}`, limit: limits.pair };
    const everyone = { name: `${kind}:network:${network}`, limit: limits.network };
    const strangers = { name: `${kind}:strangers:${account}`, limit: limits.strangers };
    if (known) return [pair];
    return this.options.sharedNetwork ? [pair, strangers] : [pair, everyone, strangers];
  }
}
