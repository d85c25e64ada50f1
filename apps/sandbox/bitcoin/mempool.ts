import { type CoinView, type Hash, type TX } from 'bcoin';

/** An unconfirmed transaction with what the pool and the miner need to know of it. */
export interface PoolEntry {
  readonly tx: TX;
  readonly hash: Hash;
  /** The coins it spends, confirmed or not. */
  readonly view: CoinView;
  /** Satoshi. */
  readonly fee: bigint;
  /** Virtual bytes, sigop-adjusted as Bitcoin Core does. */
  readonly vsize: number;
  readonly weight: number;
  /** Unix seconds of arrival. */
  readonly time: number;
  /** Height of the tip at arrival. */
  readonly height: number;
}

/** Totals over a set of entries. */
export interface PackageTotals {
  readonly count: number;
  readonly vsize: number;
  readonly fee: bigint;
}

export interface PoolSnapshot {
  readonly entries: readonly PoolEntry[];
  readonly sequence: number;
}

/** An output by the transaction that made it and its place there. */
export interface OutpointReference {
  readonly hash: Hash;
  readonly index: number;
}

export const outpointKey = ({ hash, index }: OutpointReference): string => `${hash}:${index}`;

/**
 * The unconfirmed transactions and who spends whom. Invariant: no two entries spend the same outpoint, and every
 * unconfirmed parent of an entry is here too. What may enter is decided elsewhere (`accept-transaction.ts`).
 */
export class Mempool {
  private readonly entries = new Map<Hash, PoolEntry>();
  private readonly spenders = new Map<string, PoolEntry>();
  /** Virtual bytes of all entries. */
  vsize = 0;
  /** Grows with every change, so that a poller can tell (`getrawmempool`'s `mempool_sequence`). */
  sequence = 1;

  get size(): number {
    return this.entries.size;
  }

  all(): PoolEntry[] {
    return [...this.entries.values()];
  }

  get(hash: Hash): PoolEntry | undefined {
    return this.entries.get(hash);
  }

  spenderOf(outpoint: OutpointReference): PoolEntry | undefined {
    return this.spenders.get(outpointKey(outpoint));
  }

  add(entry: PoolEntry): void {
    this.entries.set(entry.hash, entry);
    for (const { prevout } of entry.tx.inputs) this.spenders.set(outpointKey(prevout), entry);
    this.vsize += entry.vsize;
    this.sequence += 1;
  }

  /** Takes an entry out and leaves its descendants: for a transaction that was mined. */
  remove(entry: PoolEntry): void {
    if (!this.entries.delete(entry.hash)) return;
    for (const { prevout } of entry.tx.inputs) this.spenders.delete(outpointKey(prevout));
    this.vsize -= entry.vsize;
    this.sequence += 1;
  }

  /** Takes an entry out with everything that spends it. Returns what left. */
  evict(entry: PoolEntry): PoolEntry[] {
    const leaving = [entry, ...this.descendants(entry)];
    for (const each of leaving) this.remove(each);
    return leaving;
  }

  clear(): void {
    this.entries.clear();
    this.spenders.clear();
    this.vsize = 0;
    this.sequence += 1;
  }

  /** What `restore` needs to undo everything that happens from now on. */
  snapshot(): PoolSnapshot {
    return { entries: this.all(), sequence: this.sequence };
  }

  restore({ entries, sequence }: PoolSnapshot): void {
    this.clear();
    for (const entry of entries) this.add(entry);
    this.sequence = sequence;
  }

  parents(tx: TX): PoolEntry[] {
    const parents = tx.inputs.map(({ prevout }) => this.entries.get(prevout.hash));
    return [...new Set(parents)].filter((parent) => parent !== undefined);
  }

  children(entry: PoolEntry): PoolEntry[] {
    const children = entry.tx.outputs.map((_, index) => this.spenderOf({ hash: entry.hash, index }));
    return [...new Set(children)].filter((child) => child !== undefined);
  }

  /** Every unconfirmed transaction that `tx` depends on. */
  ancestors(tx: TX): Set<PoolEntry> {
    return closure(this.parents(tx), (entry) => this.parents(entry.tx));
  }

  /** Every unconfirmed transaction that depends on `entry`. */
  descendants(entry: PoolEntry): Set<PoolEntry> {
    return closure(this.children(entry), (each) => this.children(each));
  }
}

/** Sums over entries. */
export function totals(entries: Iterable<PoolEntry>): PackageTotals {
  let [count, vsize, fee] = [0, 0, 0n];
  for (const entry of entries) {
    count += 1;
    vsize += entry.vsize;
    fee += entry.fee;
  }
  return { count, vsize, fee };
}

function closure(start: readonly PoolEntry[], next: (entry: PoolEntry) => PoolEntry[]): Set<PoolEntry> {
  const found = new Set<PoolEntry>(start);
  // A Set yields what is added while it is walked, so this visits the whole graph once.
  for (const entry of found) for (const each of next(entry)) found.add(each);
  return found;
}
