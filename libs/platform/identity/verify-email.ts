import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type AttemptThrottle } from './attempt-throttle.js';
import { type MailRoom } from './mail-room.js';
import { useOneTimeToken } from './one-time-tokens.js';
import { type Origin } from './principal.js';
import { findPrincipal } from './principals.js';

/** Confirms that whoever registered reads the mailbox. */
export class VerifyEmail {
  constructor(
    private readonly database: Database,
    private readonly throttle: AttemptThrottle,
    private readonly mailRoom: MailRoom,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal token_refused */
  async run(token: string): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (tx) => {
      const principalId = await useOneTimeToken(tx, token, 'verify-email', now);
      await tx.query(
        'UPDATE identity.principal SET email_verified_at = coalesce(email_verified_at, $2) WHERE id = $1',
        [principalId, now],
      );
    });
  }

  /** Sends another message if there is an account waiting for it; the answer does not say. @throws Refusal too_many_attempts */
  async resend(request: { email: string; origin: Origin }): Promise<void> {
    const { email, origin } = request;
    await this.throttle.charge({ kind: 'message', subject: email, address: origin.address, known: false });
    await this.mailRoom.inEqualTime(() =>
      this.database.transaction(async (tx) => {
        const principal = await findPrincipal(tx, 'customer', email);
        if (principal && principal.emailVerifiedAt === null) await this.mailRoom.sendVerification(tx, principal);
      }),
    );
  }
}
