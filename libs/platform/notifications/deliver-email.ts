import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Sealer } from '@base/sealing';
import { type Email, type Mailer } from './mailer.js';

/** Hands one stored message to the mailer and forgets its text. Doing it again for a message that went out does nothing. */
export class DeliverEmail {
  constructor(
    private readonly database: Database,
    private readonly mailer: Mailer,
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  async run(id: string): Promise<void> {
    const row = await this.database.one<{ sealed: Uint8Array | null }>(
      'SELECT sealed FROM notifications.email WHERE id = $1',
      [id],
    );
    if (row.sealed === null) return;
    await this.mailer.deliver(id, JSON.parse(this.sealer.open(row.sealed, id)) as Email);
    await this.database.query(
      'UPDATE notifications.email SET sealed = NULL, sent_at = $2 WHERE id = $1 AND sent_at IS NULL',
      [id, this.clock.now()],
    );
  }
}
