import { createHash, randomInt } from 'node:crypto';
import { type Clock } from '@base/clock';
import { type Queryable, type Tx } from '@base/database';
import { type Sealer } from '@base/sealing';
import { type AttemptThrottle } from './attempt-throttle.js';
import { refusal } from './refusals.js';
import { matchTotp, newTotpSecret } from './totp.js';

/** A code of the authenticator app, or one of the codes printed for the day the phone is lost. */
export type SecondFactorProof =
  | { readonly code: string; readonly recoveryCode?: undefined }
  | { readonly recoveryCode: string; readonly code?: undefined };

export interface SecondFactorUse {
  readonly by: 'totp' | 'recovery-code';
}

const RECOVERY_CODES = 10;

/** The authenticator app of a principal and its recovery codes. The secret is stored sealed to its owner; codes as hashes. */
export class SecondFactor {
  constructor(
    private readonly sealer: Sealer,
    private readonly throttle: AttemptThrottle,
    private readonly clock: Clock,
  ) {}

  async isEnrolled(db: Queryable, principalId: string): Promise<boolean> {
    const row = await db.maybeOne('SELECT 1 FROM identity.totp WHERE principal_id = $1 AND confirmed_at IS NOT NULL', [
      principalId,
    ]);
    return row !== undefined;
  }

  /** Stores a new secret that does not count until it is confirmed, and answers it. @throws Refusal totp_already_enrolled */
  async enrol(tx: Tx, principalId: string): Promise<string> {
    const secret = newTotpSecret();
    const rows = await tx.query(
      `INSERT INTO identity.totp AS t (principal_id, sealed, enrolled_at) VALUES ($1, $2, $3)
       ON CONFLICT (principal_id) DO UPDATE SET sealed = EXCLUDED.sealed, enrolled_at = EXCLUDED.enrolled_at
         WHERE t.confirmed_at IS NULL RETURNING 1`,
      [principalId, this.sealer.seal(secret, principalId), this.clock.now()],
    );
    if (rows.length === 0) throw refusal('totp_already_enrolled');
    return secret;
  }

  /** Puts the waiting secret into force and answers the recovery codes, which are shown this once. */
  async confirm(tx: Tx, principalId: string, code: string): Promise<string[]> {
    const now = this.clock.now();
    const row = await tx.maybeOne<{ sealed: Uint8Array }>(
      'SELECT sealed FROM identity.totp WHERE principal_id = $1 AND confirmed_at IS NULL FOR UPDATE',
      [principalId],
    );
    if (!row) throw refusal('totp_not_enrolled');
    const step = matchTotp(this.sealer.open(row.sealed, principalId), code, now);
    if (step === undefined) throw refusal('code_refused');
    await tx.query('UPDATE identity.totp SET confirmed_at = $2, last_step = $3 WHERE principal_id = $1', [
      principalId,
      now,
      step,
    ]);
    const codes = Array.from({ length: RECOVERY_CODES }, newRecoveryCode);
    await tx.query('INSERT INTO identity.recovery_code (principal_id, hash) SELECT $1, unnest($2::bytea[])', [
      principalId,
      codes.map((each) => hashRecoveryCode(principalId, each)),
    ]);
    return codes;
  }

  /**
   * Proves the second factor and uses the proof up in the caller's transaction: a code counts once, whoever sends it again or in parallel.
   * Charge the throttle before the transaction; see {@link charge}.
   * @throws Refusal code_refused
   */
  async prove(tx: Tx, principalId: string, proof: SecondFactorProof): Promise<SecondFactorUse> {
    if (proof.recoveryCode !== undefined) {
      const rows = await tx.query(
        'UPDATE identity.recovery_code SET used_at = $3 WHERE principal_id = $1 AND hash = $2 AND used_at IS NULL RETURNING 1',
        [principalId, hashRecoveryCode(principalId, proof.recoveryCode), this.clock.now()],
      );
      if (rows.length === 0) throw refusal('code_refused', { field: 'recoveryCode' });
      return { by: 'recovery-code' };
    }
    const row = await tx.maybeOne<{ sealed: Uint8Array }>(
      'SELECT sealed FROM identity.totp WHERE principal_id = $1 AND confirmed_at IS NOT NULL',
      [principalId],
    );
    const secret = row && this.sealer.open(row.sealed, principalId);
    const step = secret === undefined ? undefined : matchTotp(secret, proof.code, this.clock.now());
    if (row === undefined || secret === undefined || step === undefined) throw refusal('code_refused');
    const sealed = this.sealer.isStale(row.sealed) ? this.sealer.seal(secret, principalId) : row.sealed;
    const used = await tx.query(
      'UPDATE identity.totp SET last_step = $2, sealed = $3 WHERE principal_id = $1 AND last_step < $2 RETURNING 1',
      [principalId, step, sealed],
    );
    if (used.length === 0) throw refusal('code_refused');
    return { by: 'totp' };
  }

  /** Counts a try at the principal's codes. @throws Refusal too_many_attempts */
  async charge(principalId: string, { address, known }: { address: string; known: boolean }): Promise<void> {
    await this.throttle.charge({ kind: 'code', subject: principalId, address, known });
  }

  async forgive(tx: Tx, principalId: string, { address, known }: { address: string; known: boolean }): Promise<void> {
    await this.throttle.forgive(tx, { kind: 'code', subject: principalId, address, known });
  }

  async remove(tx: Tx, principalId: string): Promise<void> {
    await tx.query('DELETE FROM identity.totp WHERE principal_id = $1', [principalId]);
    await tx.query('DELETE FROM identity.recovery_code WHERE principal_id = $1', [principalId]);
  }
}

/** Without letters and digits that are read for one another. */
const RECOVERY_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';

/** 79 random bits in four groups of four: nobody finds one by trying, online or off. */
function newRecoveryCode(): string {
  const characters = Array.from({ length: 16 }, () => RECOVERY_ALPHABET.charAt(randomInt(RECOVERY_ALPHABET.length)));
  return (characters.join('').match(/.{4}/g) ?? []).join('-');
}

const hashRecoveryCode = (principalId: string, code: string): Buffer =>
  createHash('sha256')
    .update(`${principalId}|${code.toLowerCase().replace(/[^a-z0-9]/g, '')}`)
    .digest();
