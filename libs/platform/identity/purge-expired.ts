import { type Clock } from '@base/clock';
import { type Database } from '@base/database';

const DAY_MS = 86_400_000;
/** Ended sessions are kept a while: their owner may ask what was used when. */
const KEPT_MS = 30 * DAY_MS;
const BATCH = 5_000;

/** Forgets what has no more use: ended sessions with their tokens, used links, counts whose window is over. */
export class PurgeExpired {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Answers how many rows went; run again while it is not zero. */
  async run(): Promise<number> {
    const now = this.clock.now();
    const old = new Date(now.getTime() - KEPT_MS);
    const purges: [string, Date][] = [
      [
        'DELETE FROM identity.session WHERE id IN (SELECT id FROM identity.session WHERE expires_at < $1 LIMIT $2) RETURNING 1',
        old,
      ],
      [
        'DELETE FROM identity.one_time_token WHERE hash IN (SELECT hash FROM identity.one_time_token WHERE expires_at < $1 LIMIT $2) RETURNING 1',
        old,
      ],
      [
        'DELETE FROM identity.step_up WHERE hash IN (SELECT hash FROM identity.step_up WHERE expires_at < $1 LIMIT $2) RETURNING 1',
        now,
      ],
      [
        'DELETE FROM identity.attempt WHERE bucket IN (SELECT bucket FROM identity.attempt WHERE window_ends_at < $1 LIMIT $2) RETURNING 1',
        now,
      ],
    ];
    let gone = 0;
    for (const [sql, before] of purges) gone += (await this.database.query(sql, [before, BATCH])).length;
    return gone;
  }
}
