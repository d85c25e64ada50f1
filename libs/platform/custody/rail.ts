import { type Tx } from '@base/database';
import { type BroadcastOutcome } from '@platform/chains';
import { type Attempt, type BuiltTransaction } from './attempts.js';
import { type Intent } from './intents.js';
import { type AssetSettings } from './settings.js';

/** Why a transaction cannot be built just now. None of these is final: the intent waits. */
export type Shortage =
  | 'hot_wallet_short'
  | 'network_fee_above_limit'
  | 'coins_not_confirmed'
  /** The one before it on the same account is not signed yet. */
  | 'in_queue'
  /** A node says that nonces are used which we never gave out. */
  | 'nonce_not_ours'
  | 'destination_refuses'
  | 'nothing_to_sweep';

/** Asks for one transaction. */
export interface BuildRequest {
  readonly intent: Intent;
  /** All attempts so far, first to last: a new one has to conflict with each of them. */
  readonly earlier: readonly Attempt[];
  readonly purpose: 'pay' | 'cancel';
  /** Height of the chain as we know it. */
  readonly height: number;
}

export type Built = { readonly transaction: BuiltTransaction } | { readonly shortage: Shortage };

/**
 * How intents are paid on one chain. `plan` asks nodes, outside of any transaction; `build` chooses coins or a nonce inside one, and
 * reserves them.
 */
export interface Rail<Plan = unknown> {
  readonly settings: AssetSettings;
  plan(request: BuildRequest): Promise<Plan | { readonly shortage: Shortage }>;
  build(tx: Tx, request: BuildRequest, plan: Plan): Promise<Built>;
  /** Gives back what `build` reserved for an intent of which nothing was signed. */
  release(tx: Tx, intent: Intent, at: Date): Promise<void>;
  /** Lets go of what an intent holds after one of its transactions has settled. */
  settled(tx: Tx, intent: Intent, at: Date): Promise<void>;
  broadcast(raw: string): Promise<BroadcastOutcome>;
  /** Whether the node still has a transaction that is in no block. */
  isPooled(txid: string): Promise<boolean>;
  /** What a usual withdrawal costs now, for quotes, in the unit of `AssetSettings.usualSize`. */
  marketRate(): Promise<bigint>;
  /** Whether replacing this attempt would help, rather than one before it in the queue. */
  isNextInLine(attempt: Attempt): Promise<boolean>;
}

export const isShortage = (value: unknown): value is { readonly shortage: Shortage } =>
  typeof value === 'object' && value !== null && 'shortage' in value;
