/** A block by its place and its name. */
export interface BlockRef {
  readonly height: number;
  readonly hash: string;
}

/** What every block of every chain has. */
export interface BlockHeader extends BlockRef {
  readonly parentHash: string;
  /** Seconds since 1970, as its miner says. */
  readonly time: number;
}

/** A node's chain as a sequence of blocks. Implementations check what can be checked: a block hashes to its name. */
export interface BlockSource<Block extends BlockHeader> {
  tip(): Promise<BlockRef>;
  /** Name of the block at a height of the node's best chain; `undefined` above its tip. */
  hashAt(height: number): Promise<string | undefined>;
  /** @throws NodeLies when what comes is not the block of that name */
  block(hash: string): Promise<Block>;
}

export interface BitcoinOutput {
  readonly vout: number;
  /** Satoshi. */
  readonly value: bigint;
  /** Hexadecimal. */
  readonly script: string;
}

export interface BitcoinTransaction {
  readonly txid: string;
  readonly inputs: readonly { readonly txid: string; readonly vout: number }[];
  readonly outputs: readonly BitcoinOutput[];
  readonly coinbase: boolean;
  /** The whole transaction, hexadecimal: whoever spends its outputs has to show it to the signer. */
  readonly raw: string;
}

export interface BitcoinBlock extends BlockHeader {
  readonly transactions: readonly BitcoinTransaction[];
}

/** Ether that moved: by a transaction itself (`index` 0), or inside one (1, 2, … in the order of execution). */
export interface EthereumMovement {
  readonly txid: string;
  readonly index: number;
  readonly from: string;
  readonly to: string;
  /** Wei. */
  readonly value: bigint;
}

export interface EthereumTransactionInBlock {
  readonly txid: string;
  /** EIP-55. */
  readonly from: string;
  readonly nonce: number;
  /** `false` when it was mined but reverted: it moved nothing and paid for its gas. */
  readonly succeeded: boolean;
  /** Wei paid to the network. */
  readonly fee: bigint;
}

export interface EthereumBlock extends BlockHeader {
  readonly transactions: readonly EthereumTransactionInBlock[];
  readonly movements: readonly EthereumMovement[];
  /** Whether movements inside transactions were looked at: the node could trace, or there was nothing to trace. */
  readonly traced: boolean;
  /** Wei per gas. */
  readonly baseFee: bigint;
}

/** What a node said to a transaction, in the words of our broadcaster. */
export type BroadcastOutcome =
  /** It is in the pool now. */
  | 'accepted'
  /** It was in the pool, or in a block, already: as good as accepted. */
  | 'known'
  /** The pool holds a conflicting transaction that pays as much or more. */
  | 'conflict'
  /** An input is spent, or its transaction is not known; on Ethereum, the nonce is used. */
  | 'spent'
  | 'fee_too_low'
  /** Not enough on the account, now. */
  | 'insufficient_funds'
  /** Refused for a reason that time does not mend. */
  | 'rejected'
  /** No answer: it may or may not have been accepted. */
  | 'unknown';
