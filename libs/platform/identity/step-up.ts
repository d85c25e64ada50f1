import { type Clock } from '@base/clock';
import { type Database, type Tx } from '@base/database';
import { hashToken, newToken } from './opaque-token.js';
import { operationDigest, type Operation } from './operation-digest.js';
import { type Passwords } from './passwords.js';
import { type Origin } from './principal.js';
import { lockPrincipal, readPrincipal } from './principals.js';
import { refusal } from './refusals.js';
import { type SecondFactor, type SecondFactorProof } from './second-factor.js';

const LIFETIME_MS = 120_000;

/** A fresh proof: a code where an authenticator app is enrolled, the password where none is. */
export type StepUpProof =
  SecondFactorProof | { readonly password: string; readonly code?: undefined; readonly recoveryCode?: undefined };

export interface SteppedUp {
  readonly token: string;
  readonly expiresAt: Date;
  /** Hexadecimal: what a client may compare with its own computation. */
  readonly digest: string;
}

/** Who asks: the session a step-up was given to is the only one that can use it. */
export interface StepUpCaller {
  readonly principalId: string;
  /** Undefined for an API key, which cannot step up. */
  readonly sessionId: string | undefined;
}

/**
 * Confirmation of one operation by its owner: dynamic linking, as PSD2 calls it. The token is bound to the digest of exactly that request, to
 * the session, and to two minutes, and counts once.
 */
export class StepUp {
  constructor(
    private readonly database: Database,
    private readonly passwords: Passwords,
    private readonly secondFactor: SecondFactor,
    private readonly clock: Clock,
  ) {}

  /** @throws Refusal totp_required, code_refused, credentials_refused, too_many_attempts */
  async issue(request: {
    principalId: string;
    sessionId: string;
    operation: Operation;
    proof: StepUpProof;
    origin: Origin;
  }): Promise<SteppedUp> {
    const { principalId, proof, origin } = request;
    if (await this.secondFactor.isEnrolled(this.database, principalId)) {
      if ('password' in proof) throw refusal('totp_required', { field: 'code' });
      // A stolen session must not get fresh tries by moving from network to network.
      const attempt = { address: origin.address, known: false };
      await this.secondFactor.charge(principalId, attempt);
      return this.database.transaction(async (tx) => {
        await this.secondFactor.prove(tx, principalId, proof);
        await this.secondFactor.forgive(tx, principalId, attempt);
        return this.#store(tx, request);
      });
    }
    if (!('password' in proof)) throw refusal('totp_not_enrolled');
    const { realm, email } = await readPrincipal(this.database, principalId);
    const proven = await this.passwords.check({ realm, email, password: proof.password, origin });
    return this.database.transaction(async (tx) => {
      await this.passwords.accept(tx, proven, await lockPrincipal(tx, principalId));
      return this.#store(tx, request);
    });
  }

  /**
   * For operations that only need it of those who enrolled an app, withdrawals first of all. API keys pass: a key that may withdraw is tied
   * to its owner's networks and was itself confirmed. Runs in the transaction of the operation, so a refused operation spends nothing.
   * @throws Refusal step_up_required, step_up_refused
   */
  async demandWhereEnrolled(
    tx: Tx,
    caller: StepUpCaller,
    given: { operation: Operation; token: string | undefined },
  ): Promise<void> {
    if (caller.sessionId === undefined) return;
    if (!(await this.secondFactor.isEnrolled(tx, caller.principalId))) return;
    await this.demand(tx, caller, given);
  }

  /** For operations that need it of everyone. @throws Refusal session_needed, step_up_required, step_up_refused */
  async demand(
    tx: Tx,
    caller: StepUpCaller,
    given: { operation: Operation; token: string | undefined },
  ): Promise<void> {
    if (caller.sessionId === undefined) throw refusal('session_needed');
    if (given.token === undefined) throw refusal('step_up_required');
    const used = await tx.query(
      `UPDATE identity.step_up SET used_at = $5
        WHERE hash = $1 AND principal_id = $2 AND session_id = $3 AND digest = $4 AND used_at IS NULL AND expires_at > $5 RETURNING 1`,
      [
        hashToken(given.token),
        caller.principalId,
        caller.sessionId,
        operationDigest(given.operation),
        this.clock.now(),
      ],
    );
    if (used.length === 0) throw refusal('step_up_refused');
  }

  async #store(tx: Tx, request: { principalId: string; sessionId: string; operation: Operation }): Promise<SteppedUp> {
    const now = this.clock.now();
    const expiresAt = new Date(now.getTime() + LIFETIME_MS);
    const token = newToken('srs');
    const digest = operationDigest(request.operation);
    await tx.query(
      `INSERT INTO identity.step_up (hash, principal_id, session_id, digest, issued_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
      [hashToken(token), request.principalId, request.sessionId, digest, now, expiresAt],
    );
    return { token, expiresAt, digest: digest.toString('hex') };
  }
}
