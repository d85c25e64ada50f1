import { type ApiKeyScope } from '@platform/identity';

/** Who is behind a connection or a request. */
export interface Trader {
  readonly customerId: string;
  /** The customer's number in the engine. */
  readonly account: number;
  readonly keyId: string;
  readonly scopes: readonly ApiKeyScope[];
  /** A frozen customer may look and cancel, and enter nothing. */
  readonly isFrozen: boolean;
}

/** Says who a secret stands for. Keys and their limits are `@platform/identity`'s. */
export interface Access {
  /** REST and WebSocket: the bearer secret alone. Undefined for any reason at all. */
  byToken(token: string, address: string): Promise<Trader | undefined>;
  /** FIX: the key's id (Username) and its secret (Password). */
  byKey(keyId: string, secret: string, address: string): Promise<Trader | undefined>;
  /** FIX, without sending the secret: `isProven` decides by what is stored of it, its SHA-256. */
  byProof(keyId: string, isProven: (secretHash: Buffer) => boolean, address: string): Promise<Trader | undefined>;
  /** Called within a second of the key's being revoked, its scopes' being reduced, its expiry, or its customer's being frozen or closed. */
  onChanged(keyId: string, listener: (now: Trader | undefined) => void): () => void;
}
