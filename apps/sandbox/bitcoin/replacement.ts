import { type TX } from 'bcoin';
import { formatBitcoins, formatMoney } from './bitcoins.js';
import { type Mempool, type PoolEntry } from './mempool.js';
import { feeAt, feeRate, INCREMENTAL_FEE_RATE } from './policy.js';
import { Rejection } from './rejection.js';

const MAX_REPLACED = 100;

/** The pool's transactions that `tx` double-spends. Signalling is not asked for: full replace-by-fee. */
export function conflictsOf(tx: TX, pool: Mempool): Set<PoolEntry> {
  const conflicts = tx.inputs.map(({ prevout }) => pool.spenderOf(prevout));
  return new Set(conflicts.filter((entry) => entry !== undefined));
}

/** The conflicts and everything that would leave the pool with them. */
export function replacedBy(conflicts: ReadonlySet<PoolEntry>, pool: Mempool): Set<PoolEntry> {
  const replaced = new Set(conflicts);
  for (const conflict of conflicts) for (const entry of pool.descendants(conflict)) replaced.add(entry);
  return replaced;
}

/**
 * Bitcoin Core 28's replacement rules (BIP-125's rules 2 to 5, and a better fee rate than each direct conflict). Throws
 * a Rejection in its words.
 */
export function requireBetterPay(
  offer: { tx: TX; fee: bigint; vsize: number },
  conflicts: ReadonlySet<PoolEntry>,
  pool: Mempool,
): void {
  const { tx, fee, vsize } = offer;
  const txid = tx.txid();
  const replaced = replacedBy(conflicts, pool);
  const rate = feeRate(fee, vsize);
  for (const conflict of conflicts) {
    const old = feeRate(conflict.fee, conflict.vsize);
    if (rate > old) continue;
    const comparison = `new feerate ${formatBitcoins(rate)} BTC/kvB <= old feerate ${formatBitcoins(old)} BTC/kvB`;
    throw new Rejection('insufficient fee', `rejecting replacement ${txid}; ${comparison}`);
  }
  if (replaced.size > MAX_REPLACED) {
    const count = `too many potential replacements (${replaced.size} > ${MAX_REPLACED})`;
    throw new Rejection('too many potential replacements', `rejecting replacement ${txid}; ${count}`);
  }
  requireNoNewUnconfirmedInput(tx, conflicts, pool);
  const paid = [...replaced].reduce((sum, entry) => sum + entry.fee, 0n);
  if (fee < paid) {
    const comparison = `less fees than conflicting txs; ${formatMoney(fee)} < ${formatMoney(paid)}`;
    throw new Rejection('insufficient fee', `rejecting replacement ${txid}, ${comparison}`);
  }
  const relay = feeAt(INCREMENTAL_FEE_RATE, vsize);
  if (fee - paid < relay) {
    const comparison = `not enough additional fees to relay; ${formatMoney(fee - paid)} < ${formatMoney(relay)}`;
    throw new Rejection('insufficient fee', `rejecting replacement ${txid}, ${comparison}`);
  }
}

/** A replacement may not lean on unconfirmed coins that the replaced transaction did without: miners would like it less. */
function requireNoNewUnconfirmedInput(tx: TX, conflicts: ReadonlySet<PoolEntry>, pool: Mempool): void {
  const known = new Set([...conflicts].flatMap((conflict) => conflict.tx.inputs.map(({ prevout }) => prevout.hash)));
  for (const [index, { prevout }] of tx.inputs.entries()) {
    if (!pool.get(prevout.hash) || known.has(prevout.hash)) continue;
    const place = `replacement ${tx.txid()} adds unconfirmed input, idx ${index}`;
    throw new Rejection('replacement-adds-unconfirmed', place);
  }
}
