import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { type Email, type SendEmail } from '@platform/notifications';
import { type EqualTime } from './equal-time.js';
import { type Mails } from './mails.js';
import { issueOneTimeToken } from './one-time-tokens.js';

interface Addressee {
  readonly id: string;
  readonly email: string;
}

/** Identity's letters and the tokens in them, sent from within a transaction. */
export class MailRoom {
  constructor(
    private readonly sendEmail: SendEmail,
    private readonly mails: Mails,
    private readonly equalTime: EqualTime,
    private readonly clock: Clock,
  ) {}

  async send(tx: Tx, write: (mails: Mails) => Email): Promise<void> {
    await this.sendEmail.run(tx, write(this.mails));
  }

  async sendVerification(tx: Tx, to: Addressee): Promise<void> {
    const token = await issueOneTimeToken(tx, to.id, 'verify-email', this.clock.now());
    await this.sendEmail.run(tx, this.mails.verifyEmail(to.email, token));
  }

  async sendPasswordReset(tx: Tx, to: Addressee): Promise<void> {
    const token = await issueOneTimeToken(tx, to.id, 'reset-password', this.clock.now());
    await this.sendEmail.run(tx, this.mails.resetPassword(to.email, token));
  }

  async sendInvitation(tx: Tx, to: Addressee): Promise<void> {
    const token = await issueOneTimeToken(tx, to.id, 'accept-invitation', this.clock.now());
    await this.sendEmail.run(tx, this.mails.invitation(to.email, token));
  }

  /** Hides by how long it takes whether there was anybody to write to. */
  inEqualTime<T>(work: () => Promise<T>): Promise<T> {
    return this.equalTime.run(work);
  }
}
