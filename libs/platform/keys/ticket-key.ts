import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { type Approval, type Ticket, ticketDigest } from '@core/contracts';

/** Signs tickets for those who decide about withdrawals. The private key cannot be read back out of the object. */
export class TicketAuthority {
  readonly #privateKey: KeyObject;
  readonly keyId: string;

  constructor(privateKeyPem: string) {
    this.#privateKey = createPrivateKey(privateKeyPem);
    if (this.#privateKey.asymmetricKeyType !== 'ed25519') throw new TypeError('a ticket key is an Ed25519 key');
    this.keyId = keyIdOf(createPublicKey(this.#privateKey));
  }

  /** Reads the key from a file that only its owner may read. */
  static async fromFile(path: string): Promise<TicketAuthority> {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new Error('the ticket key file must be readable by its owner only (chmod 600)');
    return new TicketAuthority(await readFile(path, 'utf8'));
  }

  approve(ticket: Ticket): Approval {
    return { keyId: this.keyId, signature: sign(null, ticketDigest(ticket), this.#privateKey).toString('hex') };
  }
}

/** Which keys may approve under a policy version, and how many different ones it takes. */
export interface TicketPolicy {
  readonly version: number;
  readonly threshold: number;
  readonly publicKeysPem: readonly string[];
}

/** The signer's view of who may approve. Default deny: an unknown policy version approves nothing. */
export class TicketVerifier {
  readonly #policies = new Map<number, { threshold: number; keys: Map<string, KeyObject> }>();

  constructor(policies: readonly TicketPolicy[]) {
    for (const { version, threshold, publicKeysPem } of policies) {
      const keys = new Map(publicKeysPem.map((pem) => createPublicKey(pem)).map((key) => [keyIdOf(key), key]));
      if (threshold < 1 || threshold > keys.size)
        throw new RangeError('a threshold lies between one and the number of distinct keys');
      this.#policies.set(version, { threshold, keys });
    }
  }

  /** Whether enough different keys of the ticket's policy signed exactly this ticket. */
  check(ticket: Ticket, approvals: readonly Approval[]): 'approved' | 'policy_version_unknown' | 'ticket_not_approved' {
    const policy = this.#policies.get(ticket.policyVersion);
    if (policy === undefined) return 'policy_version_unknown';
    const digest = ticketDigest(ticket);
    const approvers = new Set<string>();
    for (const { keyId, signature } of approvals) {
      const key = policy.keys.get(keyId);
      if (key !== undefined && verify(null, digest, key, Buffer.from(signature, 'hex'))) approvers.add(keyId);
    }
    return approvers.size >= policy.threshold ? 'approved' : 'ticket_not_approved';
  }
}

/** First eight bytes of SHA-256 over the raw public key, hexadecimal. */
function keyIdOf(publicKey: KeyObject): string {
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  return createHash('sha256').update(raw).digest('hex').slice(0, 16);
}
