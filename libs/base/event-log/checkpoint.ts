import { type Database, type Queryable } from '@base/database';
import { type Place, type StreamName } from './record-source.js';

/** Somebody else has moved the checkpoint: this relay is not the only one any more. */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** The last place of the stream that is known to be in the log. */
export const readCheckpoint = (on: Queryable, stream: StreamName): Promise<Place> =>
  on.one<Place>('SELECT major, minor FROM base.event_log_checkpoint WHERE stream = $1', [stream]);

/**
 * Everything up to `to` is in the log. The commit is not waited for to be on the disk: what a crash of the database may take back is repeated, and
 * the disk is left to those who need it.
 * @throws Overtaken when the checkpoint is not at `from`
 */
export async function moveCheckpoint(
  database: Database,
  stream: StreamName,
  { from, to, at }: { readonly from: Place; readonly to: Place; readonly at: Date },
): Promise<void> {
  const moved = await database.transaction(async (tx) => {
    await tx.query('SET LOCAL synchronous_commit = off');
    return tx.query(
      `UPDATE base.event_log_checkpoint SET major = $4, minor = $5, at = $6
        WHERE stream = $1 AND major = $2 AND minor = $3 RETURNING stream`,
      [stream, from.major, from.minor, to.major, to.minor, at],
    );
  });
  if (moved.length === 0) throw new Overtaken(`the checkpoint of ${stream} is not at ${from.major}, ${from.minor}`);
}
