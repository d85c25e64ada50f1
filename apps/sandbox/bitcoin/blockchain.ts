import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import bcoin, { type Block, type Chain, type ChainEntry, type Hash } from 'bcoin';
import './leveldb.js';
import { regtest } from './regtest.js';

/** What one operation did to the active chain. */
export interface ChainChange {
  /** Tip first. */
  readonly disconnected: readonly Block[];
  /** Lowest first. */
  readonly connected: readonly Block[];
}

/** A block that breaks a consensus rule; `reason` in Bitcoin's vocabulary (`bad-txns-inputs-missingorspent`). */
export class BlockRejected extends Error {
  constructor(readonly reason: string) {
    super(`block rejected: ${reason}`);
  }
}

/**
 * The chain of blocks: bcoin validates and stores, this class moves the tip. bcoin cannot restore a branch that it once
 * left, and stops half-way when a branch turns out invalid, so every move here is made of single connects and
 * disconnects, each one a whole batch on disk, and a failed move is undone. A process killed in between reopens on the
 * block that was last connected.
 */
export class Blockchain {
  /** Blocks that `invalidate` condemned; their descendants are condemned with them. Forgotten by a restart. */
  private readonly condemned = new Set<Hash>();
  private readonly listeners: ((change: ChainChange) => Promise<void>)[] = [];

  private constructor(readonly chain: Chain) {}

  /** Opens the chain kept under `folder`, or a fresh one in memory. */
  static async open(folder?: string): Promise<Blockchain> {
    if (folder !== undefined) await mkdir(join(folder, 'chain'), { recursive: true });
    const place = folder === undefined ? { memory: true } : { memory: false, prefix: folder };
    const chain = new bcoin.Chain({ network: regtest, indexAddress: true, ...place });
    await chain.open();
    return new Blockchain(chain);
  }

  close(): Promise<void> {
    return this.chain.close();
  }

  get tip(): ChainEntry {
    return this.chain.tip;
  }

  get height(): number {
    return this.chain.height;
  }

  /** Calls `listener` once after each operation that moved the tip, in order of registration. */
  onChange(listener: (change: ChainChange) => Promise<void>): void {
    this.listeners.push(listener);
  }

  /** Connects a block on top of the tip. */
  async append(block: Block): Promise<void> {
    const before = this.tip;
    await this.connectNew(block);
    await this.announce(before);
  }

  /**
   * Leaves the last `depth` blocks for the branch that `grow` mines in their place. When `grow` throws, or its branch
   * does not have more work, the old branch is put back and the error passed on.
   */
  async reorganize(depth: number, grow: () => Promise<void>): Promise<ChainChange> {
    const before = this.tip;
    await this.retreat(depth);
    const fork = this.height;
    try {
      await grow();
      if (!this.tip.chainwork.gt(before.chainwork)) throw new BlockRejected('branch-without-more-work');
    } catch (error) {
      await this.retreat(this.height - fork);
      for (let height = fork + 1; height <= before.height; height += 1) {
        await this.chain.reconnect(await this.ancestor(before, height));
      }
      throw error;
    }
    return this.announce(before);
  }

  /** Validates a block and connects it to the tip. For use inside `reorganize`; elsewhere `append`. */
  async connectNew(block: Block): Promise<void> {
    try {
      await this.chain.add(block);
    } catch (error) {
      throw asRejection(error);
    }
    if (this.tip.hash !== block.hash('hex')) throw new BlockRejected('inconclusive-not-best-prevblk');
  }

  /** Condemns a block: the best branch without it becomes active. */
  async invalidate(entry: ChainEntry): Promise<void> {
    const before = this.tip;
    this.condemned.add(entry.hash);
    if (await this.chain.isMainChain(entry)) await this.retreat(this.height - entry.height + 1);
    await this.activateBest();
    await this.announce(before);
  }

  /** Pardons a block, its ancestors and its descendants; the best branch becomes active. */
  async reconsider(entry: ChainEntry): Promise<void> {
    const before = this.tip;
    for (const hash of this.condemned) {
      const other = await this.entry(hash);
      const [lower, upper] = other.height <= entry.height ? [other, entry] : [entry, other];
      if ((await this.ancestor(upper, lower.height)).hash === lower.hash) this.condemned.delete(hash);
    }
    await this.activateBest();
    await this.announce(before);
  }

  /** Whether the block, or one it builds on, was condemned. */
  async isCondemned(entry: ChainEntry): Promise<boolean> {
    for (const hash of this.condemned) {
      const { height } = await this.entry(hash);
      if (height <= entry.height && (await this.ancestor(entry, height)).hash === hash) return true;
    }
    return false;
  }

  /** Where a branch left the active chain. */
  async forkOf(entry: ChainEntry): Promise<ChainEntry> {
    let at = entry;
    while (!(await this.chain.isMainChain(at))) at = await this.entry(at.prevBlock);
    return at;
  }

  private async retreat(depth: number): Promise<void> {
    for (let i = 0; i < depth; i += 1) await this.chain.disconnect(this.tip);
    this.chain.setDeploymentState(await this.chain.getDeploymentState());
  }

  /** Moves to the branch with the most work among those not condemned; a branch that proves invalid is condemned. */
  private async activateBest(): Promise<void> {
    for (let best = await this.bestBranch(); best; best = await this.bestBranch()) {
      await this.retreat(this.height - (await this.forkOf(best)).height);
      while (this.height < best.height) {
        if (!(await this.tryReconnect(await this.ancestor(best, this.height + 1)))) break;
      }
    }
  }

  private async tryReconnect(entry: ChainEntry): Promise<boolean> {
    try {
      await this.chain.reconnect(entry);
      return true;
    } catch (error) {
      asRejection(error);
      this.condemned.add(entry.hash);
      return false;
    }
  }

  private async bestBranch(): Promise<ChainEntry | undefined> {
    let best: ChainEntry | undefined;
    for (const hash of await this.chain.db.getTips()) {
      const entry = await this.viable(await this.entry(hash));
      if (entry.chainwork.gt((best ?? this.tip).chainwork)) best = entry;
    }
    return best;
  }

  /** The highest block of a branch that is not condemned. */
  private async viable(tip: ChainEntry): Promise<ChainEntry> {
    let at = tip;
    while (await this.isCondemned(at)) at = await this.entry(at.prevBlock);
    return at;
  }

  private async ancestor(entry: ChainEntry, height: number): Promise<ChainEntry> {
    let at = entry;
    while (at.height > height) at = await this.entry(at.prevBlock);
    return at;
  }

  private async entry(hash: Hash): Promise<ChainEntry> {
    const entry = await this.chain.getEntry(hash);
    if (!entry) throw new Error(`block ${hash} is missing from the chain database`);
    return entry;
  }

  private async block(hash: Hash): Promise<Block> {
    const block = await this.chain.getBlock(hash);
    if (!block) throw new Error(`block ${hash} is missing from the chain database`);
    return block;
  }

  /** Tells the listeners how the active chain differs from the one that ended in `before`. */
  private async announce(before: ChainEntry): Promise<ChainChange> {
    const fork = await this.forkOf(before);
    const disconnected: Block[] = [];
    for (let at = before; at.hash !== fork.hash; at = await this.entry(at.prevBlock))
      disconnected.push(await this.block(at.hash));
    const connected: Block[] = [];
    for (let at = this.tip; at.hash !== fork.hash; at = await this.entry(at.prevBlock))
      connected.unshift(await this.block(at.hash));
    const change = { disconnected, connected };
    if (disconnected.length + connected.length > 0) for (const listener of this.listeners) await listener(change);
    return change;
  }
}

/** bcoin's `VerifyError` as ours; anything else is a fault and goes on unchanged. */
function asRejection(error: unknown): BlockRejected {
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string')
    return new BlockRejected(error.reason);
  throw error;
}
