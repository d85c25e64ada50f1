import { type Clock } from '@base/clock';
import { uuidV7, type Tx } from '@base/database';
import { type Outbox } from '@base/jobs';
import { type Sealer } from '@base/sealing';
import { type Email } from './mailer.js';

export const DELIVER_EMAIL = 'notifications.deliver-email';

/** Takes messages in; they go out after the transaction that wrote them, and only if it commits. */
export class SendEmail {
  constructor(
    private readonly outbox: Outbox,
    private readonly sealer: Sealer,
    private readonly clock: Clock,
  ) {}

  /** Stores the message sealed, since it may carry a one-time token, and gives the job its id alone. */
  async run(tx: Tx, email: Email): Promise<void> {
    const now = this.clock.now();
    const id = uuidV7(now.getTime());
    await tx.query('INSERT INTO notifications.email (id, recipient, sealed, created_at) VALUES ($1, $2, $3, $4)', [
      id,
      email.to,
      this.sealer.seal(JSON.stringify(email), id),
      now,
    ]);
    await this.outbox.enqueue(tx, { kind: DELIVER_EMAIL, payload: { id } });
  }
}
