import { type CoinView, type TX } from 'bcoin';
import { formatMoney } from './bitcoins.js';
import { type Blockchain } from './blockchain.js';
import { gatherCoins } from './coins.js';
import { CONSENSUS_SCRIPT_FLAGS, STANDARD_SCRIPT_FLAGS } from './consensus.js';
import { totals, type Mempool, type PoolEntry } from './mempool.js';
import { feeAt, MIN_RELAY_FEE_RATE, requireStandard, requireStandardInputs, virtualSize } from './policy.js';
import { LOCK_FLAGS } from './regtest.js';
import { MissingInputs, Rejection } from './rejection.js';
import { conflictsOf, replacedBy, requireBetterPay } from './replacement.js';
import { describeScriptFailure } from './script-failure.js';

const MAX_CHAIN_COUNT = 25;
const MAX_CHAIN_VSIZE = 101_000;
const MAX_POOL_VSIZE = 50_000_000;

/** A transaction that may enter the pool, and whom it pushes out. */
export interface Candidate {
  readonly entry: PoolEntry;
  readonly replaced: ReadonlySet<PoolEntry>;
}

/** A transaction coming back from a disconnected block, or staying through a reorganization, owes no relay fee anew. */
export interface Returning {
  /** Unix seconds of its first arrival. */
  readonly since: number;
}

/** The door of the pool, with Bitcoin Core 28's checks in its order, so that the first reason given is the same. */
export class Acceptance {
  constructor(
    private readonly blockchain: Blockchain,
    private readonly pool: Mempool,
    private readonly clock: () => number,
  ) {}

  /** Judges a transaction and changes nothing. Throws a Rejection. */
  async examine(tx: TX, returning?: Returning): Promise<Candidate> {
    const { chain, tip, height } = this.blockchain;
    const [sane, insanity] = tx.checkSanity();
    if (!sane) throw new Rejection(insanity);
    if (tx.isCoinbase()) throw new Rejection('coinbase');
    requireStandard(tx);
    if (!(await chain.verifyFinal(tip, tx, LOCK_FLAGS))) throw new Rejection('non-final');
    this.requireUnknown(tx);
    const conflicts = conflictsOf(tx, this.pool);
    const view = await this.coins(tx);
    if (!(await chain.verifyLocks(tip, tx, view, LOCK_FLAGS))) throw new Rejection('non-BIP68-final');
    const fee = requireFunded(tx, view, height + 1);
    const sigopsCost = tx.getSigopsCost(view, STANDARD_SCRIPT_FLAGS);
    requireStandardInputs(tx, view, sigopsCost);
    const weight = tx.getWeight();
    const vsize = virtualSize(weight, sigopsCost);
    if (!returning) requireRelayFee(fee, vsize);
    const replaced = replacedBy(conflicts, this.pool);
    this.requireRoom(tx, vsize, conflicts, replaced);
    if (conflicts.size > 0) requireBetterPay({ tx, fee, vsize }, conflicts, this.pool);
    requireValidScripts(tx, view);
    const time = returning?.since ?? this.clock();
    return { entry: { tx, hash: tx.hash('hex'), view, fee, vsize, weight, time, height }, replaced };
  }

  /** Lets a candidate in. It must have been examined against the pool as it is now. */
  admit({ entry, replaced }: Candidate): void {
    for (const old of replaced) this.pool.remove(old);
    this.pool.add(entry);
  }

  private requireUnknown(tx: TX): void {
    const known = this.pool.get(tx.hash('hex'));
    if (!known) return;
    const twin = known.tx.wtxid() !== tx.wtxid();
    throw new Rejection(twin ? 'txn-same-nonwitness-data-in-mempool' : 'txn-already-in-mempool');
  }

  private async coins(tx: TX): Promise<CoinView> {
    const { chain } = this.blockchain;
    const { view, complete } = await gatherCoins(chain, tx, (hash) => this.pool.get(hash)?.tx);
    if (complete) return view;
    if (await chain.hasCoins(tx)) throw new Rejection('txn-already-known');
    throw new MissingInputs();
  }

  /** Limits on chains of unconfirmed transactions and on the pool as a whole. */
  private requireRoom(
    tx: TX,
    vsize: number,
    conflicts: ReadonlySet<PoolEntry>,
    replaced: ReadonlySet<PoolEntry>,
  ): void {
    const ancestors = this.pool.ancestors(tx);
    const above = totals(ancestors);
    const tooLong = (details: string): Rejection => new Rejection('too-long-mempool-chain', details);
    if (above.count + 1 > MAX_CHAIN_COUNT) throw tooLong(`too many unconfirmed ancestors [limit: ${MAX_CHAIN_COUNT}]`);
    if (above.vsize + vsize > MAX_CHAIN_VSIZE) throw tooLong(`exceeds ancestor size limit [limit: ${MAX_CHAIN_VSIZE}]`);
    for (const ancestor of ancestors) {
      if (conflicts.has(ancestor)) {
        const details = `${tx.txid()} spends conflicting transaction ${ancestor.tx.txid()}`;
        throw new Rejection('bad-txns-spends-conflicting-tx', details);
      }
      const staying = [...this.pool.descendants(ancestor)].filter((entry) => !replaced.has(entry));
      const below = totals([ancestor, ...staying]);
      const txid = ancestor.tx.txid();
      if (below.count + 1 > MAX_CHAIN_COUNT) {
        throw tooLong(`too many descendants for tx ${txid} [limit: ${MAX_CHAIN_COUNT}]`);
      }
      if (below.vsize + vsize > MAX_CHAIN_VSIZE) {
        throw tooLong(`exceeds descendant size limit for tx ${txid} [limit: ${MAX_CHAIN_VSIZE}]`);
      }
    }
    if (this.pool.vsize + vsize > MAX_POOL_VSIZE) throw new Rejection('mempool full');
  }
}

/** The fee, when the inputs are mature and cover the outputs. */
function requireFunded(tx: TX, view: CoinView, height: number): bigint {
  const [fee, reason] = tx.checkInputs(view, height);
  if (fee >= 0) return BigInt(fee);
  if (reason === 'bad-txns-premature-spend-of-coinbase') {
    const coins = tx.inputs.map(({ prevout }) => view.getEntry(prevout)!);
    const youngest = Math.max(...coins.filter((coin) => coin.coinbase).map((coin) => coin.height));
    throw new Rejection(reason, `tried to spend coinbase at depth ${height - youngest}`);
  }
  if (reason === 'bad-txns-in-belowout') {
    const into = tx.inputs.reduce((sum, { prevout }) => sum + BigInt(view.getOutput(prevout)!.value), 0n);
    const out = tx.outputs.reduce((sum, { value }) => sum + BigInt(value), 0n);
    throw new Rejection(reason, `value in (${formatMoney(into)}) < value out (${formatMoney(out)})`);
  }
  throw new Rejection(reason);
}

function requireRelayFee(fee: bigint, vsize: number): void {
  const minimum = feeAt(MIN_RELAY_FEE_RATE, vsize);
  if (fee < minimum) throw new Rejection('min relay fee not met', `${fee} < ${minimum}`);
}

function requireValidScripts(tx: TX, view: CoinView): void {
  const failure = scriptFailure(tx, view, STANDARD_SCRIPT_FLAGS);
  if (failure === undefined) return;
  const allowedInBlocks = scriptFailure(tx, view, CONSENSUS_SCRIPT_FLAGS) === undefined;
  const reason = allowedInBlocks ? 'non-mandatory-script-verify-flag' : 'mandatory-script-verify-flag-failed';
  throw new Rejection(`${reason} (${failure})`);
}

function scriptFailure(tx: TX, view: CoinView, flags: number): string | undefined {
  try {
    tx.check(view, flags);
    return undefined;
  } catch (error) {
    const failure = describeScriptFailure(error);
    if (failure === undefined) throw error;
    return failure;
  }
}
