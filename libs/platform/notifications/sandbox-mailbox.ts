import { type Clock } from '@base/clock';
import { type Database, type Queryable } from '@base/database';
import { type Email, type Mailer } from './mailer.js';

export interface ReceivedEmail extends Email {
  readonly id: string;
  readonly receivedAt: Date;
}

/** Everybody's inbox in the sandbox: a table that operators can read. */
export class SandboxMailbox implements Mailer {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  async deliver(id: string, email: Email): Promise<void> {
    await this.database.query(
      `INSERT INTO notifications.mailbox (id, recipient, subject, body, variables, received_at)
       VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING`,
      [id, email.to, email.subject, email.body, JSON.stringify(email.variables), this.clock.now()],
    );
  }
}

/** The newest messages to one address first. */
export function listMailbox(db: Queryable, to: string, limit: number): Promise<ReceivedEmail[]> {
  return db.query<ReceivedEmail>(
    `SELECT id, recipient AS "to", subject, body, variables, received_at AS "receivedAt"
       FROM notifications.mailbox WHERE recipient = $1 ORDER BY received_at DESC, id DESC LIMIT $2`,
    [to, limit],
  );
}
