import { type Clock } from '@base/clock';
import { uuidV7, type Database, type Tx } from '@base/database';
import { type AttemptThrottle } from './attempt-throttle.js';
import { type MailRoom } from './mail-room.js';
import { type Passwords } from './passwords.js';
import { type Origin } from './principal.js';
import { setPassword } from './principals.js';

/**
 * Takes a registration. Whether the address already has an account is told to its mailbox and to nobody else: the answer is the same, and
 * takes as long.
 */
export class RegisterCustomer {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly throttle: AttemptThrottle,
    private readonly mailRoom: MailRoom,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal password_too_weak, too_many_attempts, too_busy */
  async run(request: { email: string; password: string; origin: Origin }): Promise<void> {
    const { email, password, origin } = request;
    await this.throttle.charge({ kind: 'message', subject: email, address: origin.address, known: false });
    await this.mailRoom.inEqualTime(async () => {
      const passwordHash = await this.passwords.hashNew(password, { email, field: 'password' });
      await this.database.transaction((tx) => this.#register(tx, email, passwordHash));
    });
  }

  async #register(tx: Tx, email: string, passwordHash: string): Promise<void> {
    const now = this.clock.now();
    const id = uuidV7(now.getTime());
    // The unique index decides, so two registrations at once make one account.
    const created = await tx.query(
      `INSERT INTO identity.principal (id, realm, email, password_hash, created_at) VALUES ($1, 'customer', $2, $3, $4)
       ON CONFLICT (realm, email) DO NOTHING RETURNING id`,
      [id, email, passwordHash, now],
    );
    if (created.length === 1) {
      await tx.query('INSERT INTO identity.customer (id) VALUES ($1)', [id]);
      await this.mailRoom.sendVerification(tx, { id, email });
      return;
    }
    const existing = await tx.one<{ id: string; verified: boolean }>(
      `SELECT id, email_verified_at IS NOT NULL AS verified FROM identity.principal
        WHERE realm = 'customer' AND email = $1 FOR NO KEY UPDATE`,
      [email],
    );
    if (existing.verified) {
      await this.mailRoom.send(tx, (mails) => mails.alreadyRegistered(email));
      return;
    }
    // Nobody has shown that the address is theirs, so the latest asker's password counts, with the latest message.
    await setPassword(tx, existing.id, passwordHash);
    await this.mailRoom.sendVerification(tx, { id: existing.id, email });
  }
}
