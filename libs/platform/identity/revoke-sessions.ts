import { type Audit } from '@platform/audit';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type Origin, type Realm } from './principal.js';
import { raiseEpoch } from './principals.js';
import { refusal } from './refusals.js';
import { revokeSession } from './sessions.js';

/** Ends sessions at the wish of their owner. What is ended stays ended: the verdict stands in PostgreSQL and is asked on every request. */
export class RevokeSessions {
  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** The session of the request itself. Saying it twice is no error. */
  async logOut(principalId: string, sessionId: string): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction((tx) => revokeSession(tx, { id: sessionId, principalId, reason: 'logout', now }));
  }

  /** One of the owner's sessions, on a device that was lost. @throws Refusal session_not_found */
  async revokeOne(principalId: string, sessionId: string): Promise<void> {
    const now = this.clock.now();
    const revoked = await this.database.transaction((tx) =>
      revokeSession(tx, { id: sessionId, principalId, reason: 'revoked-by-owner', now }),
    );
    if (!revoked) throw refusal('session_not_found');
  }

  /** Every session, this one included, by raising the epoch under which they were opened. */
  async revokeAll(principal: { id: string; realm: Realm }, origin: Origin): Promise<void> {
    await this.database.transaction(async (tx) => {
      await raiseEpoch(tx, principal.id);
      await this.audit.append(tx, {
        actor: { kind: principal.realm, id: principal.id },
        action: 'identity.all-sessions-revoked',
        subject: { kind: principal.realm, id: principal.id },
        request: { id: origin.requestId, network: origin.address },
      });
    });
  }
}
