import { type Mempool, type PoolEntry } from './mempool.js';
import { feeAt, MIN_RELAY_FEE_RATE } from './policy.js';

/** Weight left for transactions beside header and coinbase, as Bitcoin Core's default. */
const MAX_PACKAGES_WEIGHT = 3_992_000;

interface Package {
  readonly entry: PoolEntry;
  /** Unconfirmed ancestors that are not chosen yet. */
  readonly needs: Set<PoolEntry>;
  fee: bigint;
  vsize: number;
}

/**
 * Chooses what to mine: again and again the transaction that, together with its unmined ancestors, pays the most per
 * byte, so that a child can pay for its parent. Parents come before children in the result.
 */
export function chooseTransactions(pool: Mempool): PoolEntry[] {
  const open = new Map(pool.all().map((entry) => [entry, packageOf(entry, pool)]));
  const chosen: PoolEntry[] = [];
  let weight = 0;
  for (let best = bestOf(open.values()); best; best = bestOf(open.values())) {
    const members = [...best.needs, best.entry];
    const added = members.reduce((sum, member) => sum + member.weight, 0);
    if (weight + added > MAX_PACKAGES_WEIGHT) {
      open.delete(best.entry);
      continue;
    }
    weight += added;
    for (const member of inArrivalOrder(members, pool)) {
      chosen.push(member);
      open.delete(member);
      for (const descendant of pool.descendants(member)) forget(open.get(descendant), member);
    }
  }
  return chosen;
}

function packageOf(entry: PoolEntry, pool: Mempool): Package {
  const needs = pool.ancestors(entry.tx);
  let { fee, vsize } = entry;
  for (const ancestor of needs) {
    fee += ancestor.fee;
    vsize += ancestor.vsize;
  }
  return { entry, needs, fee, vsize };
}

function bestOf(packages: Iterable<Package>): Package | undefined {
  let best: Package | undefined;
  for (const each of packages) {
    if (each.fee < feeAt(MIN_RELAY_FEE_RATE, each.vsize)) continue;
    if (!best || each.fee * BigInt(best.vsize) > best.fee * BigInt(each.vsize)) best = each;
  }
  return best;
}

function forget(waiting: Package | undefined, mined: PoolEntry): void {
  if (!waiting?.needs.delete(mined)) return;
  waiting.fee -= mined.fee;
  waiting.vsize -= mined.vsize;
}

/** Parents entered the pool before their children. */
function inArrivalOrder(members: readonly PoolEntry[], pool: Mempool): PoolEntry[] {
  if (members.length === 1) return [...members];
  const wanted = new Set(members);
  return pool.all().filter((entry) => wanted.has(entry));
}
