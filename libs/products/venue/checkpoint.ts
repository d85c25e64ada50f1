import { type Queryable, type Tx } from '@base/database';

/** An event's place in the engine's stream: of all events up to it the money is in the ledger. */
export interface Position {
  readonly sequence: bigint;
  readonly index: number;
}

export interface Checkpoint extends Position {
  /** The engine's time of the event; null before any. */
  readonly eventAt: Date | null;
  /** The order that may still be meeting the book in events to come of this one's command. */
  readonly arriving: bigint | null;
}

const READ = 'SELECT sequence, event_index AS index, event_at AS "eventAt", arriving FROM venue.checkpoint';

export const readCheckpoint = (on: Queryable): Promise<Checkpoint> => on.one<Checkpoint>(READ);

/** Held until the transaction ends: who settles next waits, and then finds where this one ended. */
export const lockCheckpoint = (tx: Tx): Promise<Checkpoint> => tx.one<Checkpoint>(`${READ} FOR UPDATE`);

/** @param killSwitch whether it is engaged now; undefined when that has not changed */
export async function moveCheckpoint(tx: Tx, to: Checkpoint, at: Date, killSwitch?: boolean): Promise<void> {
  await tx.query(
    `UPDATE venue.checkpoint SET sequence = $1, event_index = $2, event_at = $3, arriving = $4, at = $5, kill_switch = coalesce($6, kill_switch)`,
    [to.sequence, to.index, to.eventAt, to.arriving, at, killSwitch ?? null],
  );
}
