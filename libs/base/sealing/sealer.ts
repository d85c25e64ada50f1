import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { type Secret } from '@base/config';

/** What was given to `open` is not what `seal` made: another key, another purpose, another owner, or altered bytes. */
export class SealBroken extends Error {
  constructor() {
    super('a sealed value cannot be opened');
  }
}

const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

interface DerivedKey {
  readonly id: Buffer;
  readonly key: Buffer;
}

/**
 * Small secrets at rest: AES-256-GCM (NIST SP 800-38D) under a key derived for one purpose (HKDF, RFC 5869), so that a TOTP secret can
 * never be opened as an e-mail. `owner` is authenticated with the value: sealed bytes copied into another row do not open.
 * Random 96-bit nonces bound one key to 2^32 values.
 *
 * Sealed form: key id (4) | nonce (12) | ciphertext | tag (16). The key id lets old values open while a key is being replaced.
 */
export class Sealer {
  readonly #current: DerivedKey;
  readonly #keys: readonly DerivedKey[];

  /** @param previous the key being replaced, kept until `isStale` finds nothing more. */
  constructor(options: { purpose: string; key: Secret; previous?: Secret | undefined }) {
    this.#current = derive(options.key, options.purpose);
    this.#keys = options.previous ? [this.#current, derive(options.previous, options.purpose)] : [this.#current];
  }

  seal(plaintext: string, owner: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#current.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(owner, 'utf8'));
    const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return Buffer.concat([this.#current.id, nonce, ciphertext, cipher.getAuthTag()]);
  }

  /** @throws SealBroken */
  open(sealed: Uint8Array, owner: string): string {
    const bytes = Buffer.from(sealed);
    const known = this.#keys.find(({ id }) => id.equals(bytes.subarray(0, KEY_ID_BYTES)));
    if (!known || bytes.length < KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES) throw new SealBroken();
    const nonce = bytes.subarray(KEY_ID_BYTES, KEY_ID_BYTES + NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', known.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(owner, 'utf8'));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const ciphertext = bytes.subarray(KEY_ID_BYTES + NONCE_BYTES, -TAG_BYTES);
      return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
    } catch {
      throw new SealBroken();
    }
  }

  /** Whether the value was sealed under a key that is being replaced, and should be sealed anew. */
  isStale(sealed: Uint8Array): boolean {
    return !this.#current.id.equals(Buffer.from(sealed).subarray(0, KEY_ID_BYTES));
  }
}

function derive(master: Secret, purpose: string): DerivedKey {
  const key = Buffer.from(hkdfSync('sha256', master.reveal(), 'strongroom', `seal:${purpose}`, 32));
  return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) };
}
