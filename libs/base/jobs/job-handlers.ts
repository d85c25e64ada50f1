import { type z } from 'zod';
import { type Tx } from '@base/database';

/** A job whose whole effect is in the database. Effect and "done" commit together, so it takes effect exactly once. */
export interface TxHandler<Schema extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly schema: Schema;
  readonly handle: (tx: Tx, payload: z.infer<Schema>) => Promise<void>;
  /** Failures until the job is dead and somebody is called; 12 unless told. */
  readonly maxAttempts?: number;
}

/** A job that talks to the outside. It may run twice; what it does must bear that (ids made before, lookups by id). */
export interface OutsideHandler<Schema extends z.ZodType = z.ZodType> {
  readonly kind: string;
  readonly schema: Schema;
  readonly handle: (payload: z.infer<Schema>, job: ClaimedJob) => Promise<void>;
  readonly maxAttempts?: number;
}

export interface ClaimedJob {
  readonly id: string;
  readonly attempt: number;
  /** Grows with each claim; a worker whose claim was taken over holds an older one. */
  readonly fence: bigint;
  /** Inside `tx`: holds the job's row and throws `ClaimLost` unless this claim is still the newest. */
  assertMine(tx: Tx): Promise<void>;
}

export class ClaimLost extends Error {}

export type Handler = ({ readonly mode: 'tx' } & TxHandler) | ({ readonly mode: 'outside' } & OutsideHandler);

export const DEFAULT_MAX_ATTEMPTS = 12;

const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 5 * 60_000;

/** Doubling from half a second to five minutes, with up to a quarter of jitter. */
export function retryDelayMs(attempt: number, jitter: number): number {
  const delay = Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** Math.min(attempt, 20));
  return Math.round(delay * (1 + jitter / 4));
}
