/** Customers and operators live apart: no session, token or endpoint serves both. */
export type Realm = 'customer' | 'operator';

/** `frozen` may look but not move anything; `closed` may not even sign in. */
export type PrincipalStatus = 'active' | 'frozen' | 'closed';

/** What an API key may be given. Looking after the account itself (`manage`) always takes a session. */
export const API_KEY_SCOPES = ['view', 'trade', 'transfer', 'withdraw'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];

/** Somebody who can prove who they are. */
export interface Principal {
  readonly id: string;
  readonly realm: Realm;
  readonly email: string;
  readonly emailVerifiedAt: Date | null;
  readonly passwordHash: string | null;
  readonly status: PrincipalStatus;
  readonly sessionEpoch: number;
  readonly createdAt: Date;
}

/** Where a request came from, for limits, for the owner's list of sessions and for the audit. */
export interface Origin {
  /** The client's address, in one spelling. */
  readonly address: string;
  /** The client's name for itself, at most 200 characters. */
  readonly device: string;
  readonly requestId?: string | undefined;
}
