import { type Queryable, type Tx } from '@base/database';

/** An event's place in the engine's stream: of all events up to it the money is in the ledger. */
export interface Position {
  readonly sequence: bigint;
  readonly index: number;
}

export interface Checkpoint extends Position {
  /** The engine's time of the event; null before any. */
  readonly eventAt: Date | null;
}

const READ = 'SELECT sequence, event_index AS index, event_at AS "eventAt" FROM venue.checkpoint';

export const readCheckpoint = (on: Queryable): Promise<Checkpoint> => on.one<Checkpoint>(READ);

/** Held until the transaction ends: who settles next waits, and then finds where this one ended. */
export const lockCheckpoint = (tx: Tx): Promise<Checkpoint> => tx.one<Checkpoint>(`${READ} FOR UPDATE`);

export async function moveCheckpoint(tx: Tx, to: Checkpoint, at: Date): Promise<void> {
  await tx.query('UPDATE venue.checkpoint SET sequence = $1, event_index = $2, event_at = $3, at = $4', [
    to.sequence,
    to.index,
    to.eventAt,
    at,
  ]);
}
