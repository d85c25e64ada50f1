/** An encryption key wrapped by whatever holds the key-encryption key; plain JSON, kept beside what it protects. */
export type WrappedKey = { readonly kind: string } & Readonly<Record<string, string | number>>;

/**
 * What can wrap a data key: a passphrase file here; an HSM by PKCS#11 or a cloud KMS behind the same two calls. Wrapping binds the
 * context (`wallet|version|purpose`): a wrapped key moved to another wallet does not open.
 */
export interface KeyWrapper {
  wrap(key: Uint8Array, context: string): Promise<WrappedKey>;
  /** @throws KeyWrapperError when the key-encryption key is wrong, or anything was altered. Which of the two is not told. */
  unwrap(wrapped: WrappedKey, context: string): Promise<Uint8Array>;
}

export class KeyWrapperError extends Error {
  override readonly name = 'KeyWrapperError';
}
