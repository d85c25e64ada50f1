import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type KeyWrapper, KeyWrapperError, type WrappedKey } from './key-wrapper.js';

/** What a sealed seed is for; all of it is authenticated, so a file renamed or edited into another wallet does not open. */
export interface SeedLabel {
  readonly walletId: string;
  readonly purpose: string;
}

const FORMAT = 'strongroom-sealed-seed';
const VERSION = 1;

const sealedSeedSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  walletId: z.string().max(64),
  purpose: z.string().max(64),
  wrappedKey: z.looseObject({ kind: z.string() }),
  nonce: z.string().regex(/^[0-9a-f]{24}$/),
  ciphertext: z.string().regex(/^([0-9a-f]{2}){16,64}$/),
  tag: z.string().regex(/^[0-9a-f]{32}$/),
});
export type SealedSeed = z.infer<typeof sealedSeedSchema>;

/**
 * Envelope of a seed: AES-256-GCM under a fresh data key, with `walletId|version|purpose` as associated data; the data key is wrapped by
 * the `KeyWrapper`. Changing the passphrase or moving to an HSM re-wraps the data key and leaves the ciphertext alone.
 */
export async function sealSeed(entropy: Uint8Array, label: SeedLabel, wrapper: KeyWrapper): Promise<SealedSeed> {
  const context = contextOf(label);
  const key = randomBytes(32);
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(entropy), cipher.final()]);
  const wrappedKey = await wrapper.wrap(key, context);
  key.fill(0);
  return {
    format: FORMAT,
    version: VERSION,
    ...label,
    wrappedKey,
    nonce: nonce.toString('hex'),
    ciphertext: ciphertext.toString('hex'),
    tag: cipher.getAuthTag().toString('hex'),
  };
}

/**
 * Opens a sealed seed. @throws KeyWrapperError for a file of another wallet, version or purpose, a wrong passphrase, or any change.
 */
export async function openSeed(file: unknown, label: SeedLabel, wrapper: KeyWrapper): Promise<Uint8Array> {
  const parsed = sealedSeedSchema.safeParse(file);
  if (!parsed.success) throw new KeyWrapperError('not a sealed seed of a version that this release reads');
  const sealed = parsed.data;
  if (sealed.walletId !== label.walletId || sealed.purpose !== label.purpose) {
    throw new KeyWrapperError(
      `the file holds ${sealed.walletId}/${sealed.purpose}, not ${label.walletId}/${label.purpose}`,
    );
  }
  const context = contextOf(label);
  const key = await wrapper.unwrap(sealed.wrappedKey as WrappedKey, context);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(sealed.nonce, 'hex'))
      .setAAD(Buffer.from(context))
      .setAuthTag(Buffer.from(sealed.tag, 'hex'));
    const opened = Buffer.concat([decipher.update(Buffer.from(sealed.ciphertext, 'hex')), decipher.final()]);
    const entropy = Uint8Array.from(opened);
    opened.fill(0);
    return entropy;
  } catch {
    throw new KeyWrapperError('the sealed seed was altered');
  } finally {
    key.fill(0);
  }
}

function contextOf({ walletId, purpose }: SeedLabel): string {
  return `${walletId}|${VERSION}|${purpose}`;
}
