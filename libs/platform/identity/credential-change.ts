import { type Audit } from '@platform/audit';
import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { holdWithdrawals } from './customers.js';
import { type MailRoom } from './mail-room.js';
import { type Origin, type Principal } from './principal.js';
import { raiseEpoch } from './principals.js';
import { openSession, type IssuedSession } from './sessions.js';

interface Change {
  readonly principal: Principal;
  /** Its name in the audit. */
  readonly action: string;
  /** What the owner reads about it. */
  readonly notice: string;
  readonly origin: Origin;
  /** Whether somebody who took the account over would do this: withdrawals then wait. */
  readonly holdsWithdrawals: boolean;
}

/** What follows every change of how somebody proves who they are: old sessions die, the owner is told, and it is on record. */
export class CredentialChange {
  constructor(
    private readonly audit: Audit,
    private readonly mailRoom: MailRoom,
    private readonly clock: Clock,
  ) {}

  /** Ends every session there is, and answers the epoch for new ones. */
  async record(tx: Tx, change: Change): Promise<number> {
    const { principal, origin } = change;
    const epoch = await raiseEpoch(tx, principal.id);
    if (change.holdsWithdrawals && principal.realm === 'customer')
      await holdWithdrawals(tx, principal.id, this.clock.now());
    await this.mailRoom.send(tx, (mails) => mails.changed(principal.email, change.notice));
    await this.audit.append(tx, {
      actor: { kind: principal.realm, id: principal.id },
      action: change.action,
      subject: { kind: principal.realm, id: principal.id },
      request: { id: origin.requestId, network: origin.address },
    });
    return epoch;
  }

  /** The same, and a fresh session under a new id for the one who made the change. */
  async recordAndReopen(tx: Tx, change: Change, secondFactor: boolean): Promise<IssuedSession> {
    const epoch = await this.record(tx, change);
    const owner = { principalId: change.principal.id, realm: change.principal.realm, epoch };
    return openSession(tx, owner, { origin: change.origin, secondFactor, now: this.clock.now() });
  }
}
