import bcoin, { type TX } from 'bcoin';
import { type Candidate } from './accept-transaction.js';
import { COIN } from './bitcoins.js';
import { type BitcoinNode } from './bitcoin-node.js';
import { requireBlock, requireEntry } from './calls-chain.js';
import { type Json } from './exact-json.js';
import { totals, type PoolEntry } from './mempool.js';
import { feeAt, feeRate, INCREMENTAL_FEE_RATE, MIN_RELAY_FEE_RATE } from './policy.js';
import { presentTransaction } from './present-transaction.js';
import { reverseHex } from './regtest.js';
import { MissingInputs, Rejection } from './rejection.js';
import { type RpcArguments } from './rpc-arguments.js';
import { RpcCode, RpcError } from './rpc-error.js';
import { type RpcMethod } from './rpc-server.js';

const DEFAULT_MAX_FEE_RATE = 10_000_000n;
const MAX_PACKAGE = 25;
const MAX_SIGNALLED_SEQUENCE = 0xfffffffd;
const MAX_POOL_BYTES = 50_000_000;

type JsonObject = { readonly [key: string]: Json | undefined };

/** Bitcoin Core's calls about unconfirmed transactions. */
export function poolCalls(node: BitcoinNode): Record<string, RpcMethod> {
  const { pool } = node;
  return {
    sendrawtransaction: { params: ['hexstring', 'maxfeerate', 'maxburnamount'], run: (args) => send(node, args) },
    testmempoolaccept: { params: ['rawtxs', 'maxfeerate'], run: (args) => testAccept(node, args) },
    getrawtransaction: { params: ['txid', 'verbosity', 'blockhash'], run: (args) => rawTransaction(node, args) },
    getrawmempool: {
      params: ['verbose', 'mempool_sequence'],
      run: (args) => {
        const entries = pool.all();
        const txids = entries.map(({ tx }) => tx.txid());
        if (args.boolean('verbose', false)) {
          return Object.fromEntries(entries.map((entry) => [entry.tx.txid(), presentEntry(node, entry)]));
        }
        return args.boolean('mempool_sequence', false) ? { txids, mempool_sequence: pool.sequence } : txids;
      },
    },
    getmempoolentry: { params: ['txid'], run: (args) => presentEntry(node, requirePooled(node, args)) },
    getmempoolancestors: {
      params: ['txid', 'verbose'],
      run: (args) => presentRelatives(node, pool.ancestors(requirePooled(node, args).tx), args),
    },
    getmempooldescendants: {
      params: ['txid', 'verbose'],
      run: (args) => presentRelatives(node, pool.descendants(requirePooled(node, args)), args),
    },
    getmempoolinfo: {
      params: [],
      run: () => ({
        loaded: true,
        size: pool.size,
        bytes: pool.vsize,
        usage: pool.vsize,
        total_fee: totals(pool.all()).fee,
        maxmempool: MAX_POOL_BYTES,
        mempoolminfee: MIN_RELAY_FEE_RATE,
        minrelaytxfee: MIN_RELAY_FEE_RATE,
        incrementalrelayfee: INCREMENTAL_FEE_RATE,
        unbroadcastcount: 0,
        fullrbf: true,
      }),
    },
    decoderawtransaction: {
      params: ['hexstring'],
      run: (args) => ({ ...presentTransaction(decodeTransaction(args.string('hexstring'))), hex: undefined }),
    },
  };
}

/** A transaction from hex; what does not come back as the same bytes is no transaction. */
export function decodeTransaction(hex: string): TX {
  const failure = new RpcError(
    RpcCode.deserializationError,
    'TX decode failed. Make sure the tx has at least one input.',
  );
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw failure;
  const raw = Buffer.from(hex, 'hex');
  try {
    const tx = bcoin.TX.fromRaw(raw);
    if (tx.toRaw().equals(raw)) return tx;
  } catch {
    // bcoin throws assertion errors of its own on truncated bytes.
  }
  throw failure;
}

async function send(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  const tx = decodeTransaction(args.string('hexstring'));
  const maxFeeRate = requestedLimit(args);
  const maxBurn = args.amount('maxburnamount', 0n);
  for (const { value, script } of tx.outputs) {
    if (script.isUnspendable() && BigInt(value) > maxBurn) {
      throw new RpcError(RpcCode.verifyError, 'Unspendable output exceeds maximum configured by user (maxburnamount)');
    }
  }
  if (await node.blockchain.chain.hasCoins(tx)) {
    throw new RpcError(RpcCode.alreadyInUtxoSet, 'Transaction outputs already in utxo set');
  }
  if (node.pool.get(tx.hash('hex'))) return tx.txid();
  const candidate = await examine(node, tx);
  if (exceedsFeeRate(candidate.entry, maxFeeRate)) {
    const limit = 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)';
    throw new RpcError(RpcCode.verifyError, limit);
  }
  node.acceptance.admit(candidate);
  return tx.txid();
}

function requestedLimit(args: RpcArguments): bigint {
  const limit = args.amount('maxfeerate', DEFAULT_MAX_FEE_RATE);
  if (limit < COIN) return limit;
  throw new RpcError(RpcCode.invalidParameter, 'Fee rates larger than or equal to 1BTC/kvB are not accepted');
}

async function examine(node: BitcoinNode, tx: TX): Promise<Candidate> {
  try {
    return await node.acceptance.examine(tx);
  } catch (error) {
    if (error instanceof MissingInputs) throw new RpcError(RpcCode.verifyError, error.message);
    if (error instanceof Rejection) throw new RpcError(RpcCode.verifyRejected, error.message);
    throw error;
  }
}

/** A limit of zero means none. */
const exceedsFeeRate = ({ fee, vsize }: PoolEntry, limit: bigint): boolean => limit > 0n && fee > feeAt(limit, vsize);

/** Tries transactions, each on top of those before it, and leaves the pool as it was. */
async function testAccept(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  const txs = args.strings('rawtxs').map(decodeTransaction);
  const maxFeeRate = requestedLimit(args);
  if (txs.length < 1 || txs.length > MAX_PACKAGE) {
    throw new RpcError(RpcCode.invalidParameter, `Array must contain between 1 and ${MAX_PACKAGE} transactions.`);
  }
  const before = node.pool.snapshot();
  try {
    const verdicts: Json[] = [];
    let failed = false;
    for (const tx of txs) {
      const ids = { txid: tx.txid(), wtxid: tx.wtxid() };
      // After the first refusal the rest is not judged: it may depend on what was refused.
      const verdict: JsonObject = failed ? {} : await judge(node, tx, maxFeeRate);
      failed ||= verdict['allowed'] === false;
      verdicts.push({ ...ids, ...verdict });
    }
    return verdicts;
  } finally {
    node.pool.restore(before);
  }
}

async function judge(node: BitcoinNode, tx: TX, maxFeeRate: bigint): Promise<JsonObject> {
  try {
    const candidate = await node.acceptance.examine(tx);
    const { fee, vsize } = candidate.entry;
    if (exceedsFeeRate(candidate.entry, maxFeeRate)) return { allowed: false, 'reject-reason': 'max-fee-exceeded' };
    node.acceptance.admit(candidate);
    const fees = { base: fee, 'effective-feerate': feeRate(fee, vsize), 'effective-includes': [tx.wtxid()] };
    return { allowed: true, vsize, fees };
  } catch (error) {
    if (error instanceof MissingInputs) return { allowed: false, 'reject-reason': 'missing-inputs' };
    if (!(error instanceof Rejection)) throw error;
    return { allowed: false, 'reject-reason': error.reason };
  }
}

async function rawTransaction(node: BitcoinNode, args: RpcArguments): Promise<Json> {
  const hash = args.hash('txid');
  const verbosity = args.verbosity('verbosity', 0);
  const { chain, height } = node.blockchain;
  if (!args.has('blockhash')) {
    const tx = node.pool.get(hash)?.tx;
    if (tx) return verbosity > 0 ? presentTransaction(tx) : tx.toRaw().toString('hex');
    const hint =
      'Use -txindex or provide a block hash to enable blockchain transaction queries. Use gettransaction for wallet transactions.';
    throw new RpcError(RpcCode.invalidAddressOrKey, `No such mempool transaction. ${hint}`);
  }
  const entry = await chain.getEntry(args.hash('blockhash'));
  if (!entry) throw new RpcError(RpcCode.invalidAddressOrKey, 'Block hash not found');
  const block = await requireBlock(node, await requireEntry(node, entry.hash));
  const tx = block.txs.find((each) => each.hash('hex') === hash);
  if (!tx) {
    const hint = 'Use gettransaction for wallet transactions.';
    throw new RpcError(RpcCode.invalidAddressOrKey, `No such transaction found in the provided block. ${hint}`);
  }
  if (verbosity <= 0) return tx.toRaw().toString('hex');
  const isActive = await chain.isMainChain(entry);
  const view = await chain.getBlockView(block);
  return {
    in_active_chain: isActive,
    ...presentTransaction(tx, verbosity > 1 ? { view, prevouts: true } : undefined),
    blockhash: reverseHex(entry.hash),
    confirmations: isActive ? height - entry.height + 1 : 0,
    time: entry.time,
    blocktime: entry.time,
  };
}

function requirePooled({ pool }: BitcoinNode, args: RpcArguments): PoolEntry {
  const entry = pool.get(args.hash('txid'));
  if (!entry) throw new RpcError(RpcCode.invalidAddressOrKey, 'Transaction not in mempool');
  return entry;
}

function presentRelatives(node: BitcoinNode, entries: Iterable<PoolEntry>, args: RpcArguments): Json {
  const list = [...entries];
  if (!args.boolean('verbose', false)) return list.map(({ tx }) => tx.txid());
  return Object.fromEntries(list.map((entry) => [entry.tx.txid(), presentEntry(node, entry)]));
}

function presentEntry({ pool }: BitcoinNode, entry: PoolEntry): JsonObject {
  const { tx, vsize, weight, time, height, fee } = entry;
  const above = totals([entry, ...pool.ancestors(tx)]);
  const below = totals([entry, ...pool.descendants(entry)]);
  const signals = [entry, ...pool.ancestors(tx)].some(isSignalling);
  return {
    vsize,
    weight,
    time,
    height,
    descendantcount: below.count,
    descendantsize: below.vsize,
    ancestorcount: above.count,
    ancestorsize: above.vsize,
    wtxid: tx.wtxid(),
    fees: { base: fee, modified: fee, ancestor: above.fee, descendant: below.fee },
    depends: pool.parents(tx).map((parent) => parent.tx.txid()),
    spentby: pool.children(entry).map((child) => child.tx.txid()),
    'bip125-replaceable': signals,
    unbroadcast: false,
  };
}

const isSignalling = ({ tx }: PoolEntry): boolean =>
  tx.inputs.some(({ sequence }) => sequence <= MAX_SIGNALLED_SEQUENCE);
