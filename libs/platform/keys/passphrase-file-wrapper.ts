import { createCipheriv, createDecipheriv, randomBytes, scrypt, type ScryptOptions } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { z } from 'zod';
import { Secret } from '@base/config';
import { type KeyWrapper, KeyWrapperError, type WrappedKey } from './key-wrapper.js';

/** 2^17 with r = 8 takes 128 MiB and about half a second for each guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 } as const;
const MIN_PASSPHRASE_LENGTH = 16;

const wrappedSchema = z.strictObject({
  kind: z.literal('passphrase-scrypt'),
  // Bounds on both sides: weaker would betray the passphrase, stronger would let a planted file exhaust the memory.
  N: z.int().min(2 ** 17).max(2 ** 20).refine((n) => Number.isInteger(Math.log2(n))), // prettier-ignore
  r: z.literal(8),
  p: z.literal(1),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  nonce: z.string().regex(/^[0-9a-f]{24}$/),
  ciphertext: z.string().regex(/^([0-9a-f]{2}){16,128}$/),
  tag: z.string().regex(/^[0-9a-f]{32}$/),
});

/**
 * Wraps data keys with AES-256-GCM under a key that scrypt makes of a passphrase. The KDF parameters are authenticated together with the
 * context, so neither can be weakened unseen.
 */
export class PassphraseFileWrapper implements KeyWrapper {
  readonly #passphrase: Secret;

  constructor(passphrase: Secret) {
    if (passphrase.reveal().length < MIN_PASSPHRASE_LENGTH) {
      throw new KeyWrapperError(`the passphrase must have at least ${MIN_PASSPHRASE_LENGTH} characters`);
    }
    this.#passphrase = passphrase;
  }

  /** Reads the passphrase from a file that only its owner may read; a trailing newline is not part of it. */
  static async fromFile(path: string): Promise<PassphraseFileWrapper> {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0)
      throw new KeyWrapperError('the passphrase file must be readable by its owner only (chmod 600)');
    return new PassphraseFileWrapper(new Secret((await readFile(path, 'utf8')).replace(/\r?\n$/, '')));
  }

  async wrap(key: Uint8Array, context: string): Promise<WrappedKey> {
    const salt = randomBytes(32);
    const header = { kind: 'passphrase-scrypt', ...SCRYPT, salt: salt.toString('hex') } as const;
    const kek = await this.#derive(salt, SCRYPT);
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(associatedData(header, context));
    const ciphertext = Buffer.concat([cipher.update(key), cipher.final()]);
    kek.fill(0);
    return {
      ...header,
      nonce: nonce.toString('hex'),
      ciphertext: ciphertext.toString('hex'),
      tag: cipher.getAuthTag().toString('hex'),
    };
  }

  async unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array> {
    const parsed = wrappedSchema.safeParse(wrapped);
    if (!parsed.success)
      throw new KeyWrapperError('not a key wrapped by a passphrase, or by weaker parameters than allowed');
    const { nonce, ciphertext, tag, ...header } = parsed.data;
    const kek = await this.#derive(Buffer.from(header.salt, 'hex'), { N: header.N, r: header.r, p: header.p });
    try {
      const decipher = createDecipheriv('aes-256-gcm', kek, Buffer.from(nonce, 'hex'))
        .setAAD(associatedData(header, context))
        .setAuthTag(Buffer.from(tag, 'hex'));
      return Uint8Array.from(Buffer.concat([decipher.update(Buffer.from(ciphertext, 'hex')), decipher.final()]));
    } catch {
      throw new KeyWrapperError('wrong passphrase, or the wrapped key was altered');
    } finally {
      kek.fill(0);
    }
  }

  #derive(salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
    const options: ScryptOptions = { ...cost, maxmem: 256 * cost.N * cost.r };
    return new Promise((resolve, reject) =>
      scrypt(this.#passphrase.reveal().normalize('NFKC'), salt, 32, options, (error, key) =>
        error === null ? resolve(key) : reject(error),
      ),
    );
  }
}

function associatedData(
  header: { kind: string; N: number; r: number; p: number; salt: string },
  context: string,
): Buffer {
  return Buffer.from([header.kind, header.N, header.r, header.p, header.salt, context].join('|'));
}
