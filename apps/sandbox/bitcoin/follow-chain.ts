import { type TX } from 'bcoin';
import { type Acceptance } from './accept-transaction.js';
import { type ChainChange } from './blockchain.js';
import { type Mempool } from './mempool.js';
import { Rejection } from './rejection.js';

/**
 * Brings the pool in line after the chain moved. Mined transactions leave, what they contradict leaves with its
 * descendants; transactions of disconnected blocks come back first, as they were there first, unless the new branch
 * contradicts them.
 */
export async function followChain(pool: Mempool, acceptance: Acceptance, change: ChainChange): Promise<void> {
  if (change.disconnected.length === 0) {
    for (const block of change.connected) for (const tx of block.txs) takeMined(pool, tx);
    return;
  }
  const returning = [...change.disconnected]
    .reverse()
    .flatMap((block) => block.txs.map((tx) => ({ tx, since: block.time })));
  // The pool lists parents before their children, so each finds its inputs again.
  const staying = pool.all().map(({ tx, time }) => ({ tx, since: time }));
  pool.clear();
  for (const { tx, since } of [...returning, ...staying]) {
    if (!tx.isCoinbase()) await readmit(acceptance, tx, since);
  }
}

function takeMined(pool: Mempool, tx: TX): void {
  const mined = pool.get(tx.hash('hex'));
  if (mined) return pool.remove(mined);
  for (const { prevout } of tx.inputs) {
    const contradicted = pool.spenderOf(prevout);
    if (contradicted) pool.evict(contradicted);
  }
}

async function readmit(acceptance: Acceptance, tx: TX, since: number): Promise<void> {
  try {
    const candidate = await acceptance.examine(tx, { since });
    if (candidate.replaced.size === 0) acceptance.admit(candidate);
  } catch (error) {
    // Mined on the new branch, contradicted by it, or no longer final there: it is gone, as on any node.
    if (!(error instanceof Rejection)) throw error;
  }
}
