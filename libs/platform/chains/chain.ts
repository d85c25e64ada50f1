import { type Tx } from '@base/database';

export const CHAINS = ['bitcoin', 'ethereum'] as const;
export type ChainName = (typeof CHAINS)[number];

export interface BlockId {
  readonly height: number;
  readonly hash: string;
}

/** A block that was checked against its own hash; what else it holds depends on the chain. */
export interface ChainBlock extends BlockId {
  readonly chain: ChainName;
  readonly parentHash: string;
  readonly time: Date;
}

/** Where blocks come from. */
export interface BlockSource<Block extends ChainBlock> {
  tip(): Promise<BlockId>;
  /** The hash of the block that the node has on its best chain at this height, or undefined above its tip. */
  blockHashAt(height: number): Promise<string | undefined>;
  /** @throws ChainLied when the block does not hash to what it claims */
  blockAt(height: number): Promise<Block>;
}

/** What a library makes of blocks. Both calls run in the transaction that moves the cursor, so no block counts twice or not at all. */
export interface BlockSink<Block extends ChainBlock> {
  connect(tx: Tx, block: Block): Promise<void>;
  /** The block is no longer on the best chain; called newest first. */
  disconnect(tx: Tx, block: BlockId): Promise<void>;
}

/** The node cannot be reached or does not answer sensibly; whatever was asked may be asked again. */
export class ChainUnavailable extends Error {}

/** The node's answer contradicts itself: a block that does not hash to its hash, another chain's id. Nothing of it may be believed. */
export class ChainLied extends Error {}

/** What became of bytes that were handed to a node. `reason` is ours; a node's own words never leave this library. */
export type BroadcastOutcome =
  | { readonly kind: 'accepted' | 'known' | 'mined' }
  | { readonly kind: 'conflict' | 'fee-too-low' | 'missing-inputs' | 'nonce-used' | 'refused'; readonly reason: string }
  /** No answer: it may have been accepted. The same bytes may be sent again. */
  | { readonly kind: 'unknown' };
