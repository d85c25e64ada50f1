import { type Audit } from '@platform/audit';
import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { Refusal } from '@base/http';
import { counter } from '@base/observability';
import { holdWithdrawals } from './customers.js';
import { type Passwords, type ProvenPassword } from './passwords.js';
import { type Origin, type Realm } from './principal.js';
import { lockPrincipal, rememberNetwork } from './principals.js';
import { refusal } from './refusals.js';
import { type SecondFactor, type SecondFactorProof } from './second-factor.js';
import { openSession, type IssuedSession } from './sessions.js';

const signIns = counter({
  name: 'strongroom_identity_sign_ins_total',
  help: 'Sign-ins by realm and outcome; a rise of refusals is somebody guessing',
  labels: ['realm', 'outcome'],
});

export interface LogInRequest {
  readonly realm: Realm;
  readonly email: string;
  readonly password: string;
  readonly second?: SecondFactorProof | undefined;
  readonly origin: Origin;
}

/** Opens a session for whoever proves a password and, where an authenticator app is enrolled, a code of it. */
export class LogIn {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly secondFactor: SecondFactor,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal credentials_refused, email_not_verified, totp_required, code_refused, too_many_attempts, too_busy */
  async run(request: LogInRequest): Promise<IssuedSession> {
    const { realm } = request;
    try {
      const session = await this.#prove(request);
      signIns.inc({ realm, outcome: 'opened' });
      return session;
    } catch (error) {
      signIns.inc({ realm, outcome: error instanceof Refusal ? error.code : 'failed' });
      throw error;
    }
  }

  async #prove(request: LogInRequest): Promise<IssuedSession> {
    const proven = await this.passwords.check(request);
    const { principal, attempt } = proven;
    if (principal.emailVerifiedAt === null) {
      await this.passwords.forgive(proven);
      throw refusal('email_not_verified');
    }
    const enrolled = await this.secondFactor.isEnrolled(this.database, principal.id);
    if (enrolled && !request.second) {
      await this.passwords.forgive(proven);
      throw refusal('totp_required');
    }
    if (enrolled) await this.secondFactor.charge(principal.id, attempt);
    return this.database.transaction((tx) => this.#open(tx, proven, request));
  }

  async #open(tx: Tx, proven: ProvenPassword, { realm, second, origin }: LogInRequest): Promise<IssuedSession> {
    const now = this.clock.now();
    const principal = await lockPrincipal(tx, proven.principal.id);
    await this.passwords.accept(tx, proven, principal);
    // Asked again under the lock: an app confirmed a moment ago counts already.
    const enrolled = await this.secondFactor.isEnrolled(tx, principal.id);
    if (enrolled) {
      if (!second) throw refusal('totp_required');
      const { by } = await this.secondFactor.prove(tx, principal.id, second);
      await this.secondFactor.forgive(tx, principal.id, proven.attempt);
      if (by === 'recovery-code' && realm === 'customer') await holdWithdrawals(tx, principal.id, now);
    }
    await rememberNetwork(tx, principal.id, origin.address, now);
    const owner = { principalId: principal.id, realm, epoch: principal.sessionEpoch };
    const session = await openSession(tx, owner, { origin, secondFactor: enrolled, now });
    if (realm === 'operator') {
      await this.audit.append(tx, {
        actor: { kind: 'operator', id: principal.id },
        action: 'identity.operator-signed-in',
        subject: { kind: 'session', id: session.sessionId },
        request: { id: origin.requestId, network: origin.address },
      });
    }
    return session;
  }
}
