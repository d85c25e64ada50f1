import { createHash, randomBytes } from 'node:crypto';
import { HDKey } from '@scure/bip32';
import { Transaction } from '@scure/btc-signer';
import bcoin, { type Chain, type Coin, type TX } from 'bcoin';
import { bcoinAddress } from './bcoin-address.js';
import { type ChainChange } from './blockchain.js';
import { outpointKey, type Mempool } from './mempool.js';
import { dustThreshold, feeAt } from './policy.js';
import { COINBASE_MATURITY, reverseHex } from './regtest.js';

/** One unspent output of the wallet. */
interface OwnCoin {
  readonly hash: string;
  readonly index: number;
  readonly value: bigint;
  readonly script: Buffer;
  /** Undefined while unconfirmed. */
  readonly height: number | undefined;
  readonly coinbase: boolean;
}

/** Satoshi. What pays now, what waits for a block, what a coinbase still has to wait for. */
export interface WalletBalance {
  readonly confirmed: bigint;
  readonly pending: bigint;
  readonly immature: bigint;
}

/** A payment that the wallet cannot make. */
export class InsufficientFunds extends Error {
  constructor() {
    super('Insufficient funds');
  }
}

/** Signalled although nobody needs it any more: wallets show such a transaction as replaceable. */
const REPLACEABLE = 0xfffffffd;
const VSIZE = { overhead: 11, input: 68, outputBase: 9, changeOutput: 31 };

/**
 * A single-signature P2WPKH wallet that lives beside the node and knows the chain through it. The sandbox has two: the
 * faucet, to which blocks are mined, and the outside wallet, which plays everyone who is not a customer of ours.
 */
export class SandboxWallet {
  private readonly account: HDKey;
  private readonly indexByScript = new Map<string, number>();
  private readonly coins = new Map<string, OwnCoin>();

  /** `addresses` is how many were handed out before; `account` tells wallets of one seed apart (BIP-84). */
  constructor(
    private readonly chain: Chain,
    private readonly pool: Mempool,
    keys: { seed: Uint8Array; account: number; addresses: number },
  ) {
    this.account = HDKey.fromMasterSeed(keys.seed).derive(`m/84'/1'/${keys.account}'/0`);
    for (let index = 0; index < keys.addresses; index += 1) this.nextScript();
  }

  /** How many addresses were handed out; what has to be kept to find them again. */
  get addresses(): number {
    return this.indexByScript.size;
  }

  /** The locking script of the next unused key. */
  nextScript(): Buffer {
    const index = this.indexByScript.size;
    const script = Buffer.concat([Buffer.from([0, 20]), keyHash(this.key(index).publicKey)]);
    this.indexByScript.set(script.toString('hex'), index);
    return script;
  }

  /** The locking script of the first key; change comes back to it. */
  firstScript(): Buffer {
    const [first] = this.indexByScript.keys();
    return first === undefined ? this.nextScript() : Buffer.from(first, 'hex');
  }

  /** Reads the wallet's confirmed coins from the chain's address index. */
  async reload(): Promise<void> {
    this.coins.clear();
    for (const script of this.indexByScript.keys()) {
      const address = bcoinAddress(Buffer.from(script, 'hex'));
      for (const coin of address ? await this.chain.getCoinsByAddress([address]) : []) this.keep(coin);
    }
  }

  /** Follows a move of the chain. */
  async follow(change: ChainChange): Promise<void> {
    if (change.disconnected.length > 0) return this.reload();
    const start = this.chain.height - change.connected.length + 1;
    for (const [offset, block] of change.connected.entries()) {
      for (const tx of block.txs) this.take(tx, start + offset);
    }
  }

  balance(): WalletBalance {
    const coins = this.unspent();
    const sum = (matching: (coin: OwnCoin) => boolean): bigint =>
      coins.filter(matching).reduce((total, coin) => total + coin.value, 0n);
    return {
      confirmed: sum((coin) => coin.height !== undefined && this.isMature(coin)),
      pending: sum((coin) => coin.height === undefined),
      immature: sum((coin) => coin.height !== undefined && !this.isMature(coin)),
    };
  }

  /**
   * Builds and signs a payment at a fee rate in satoshi per 1000 virtual bytes. Confirmed coins go first, the largest
   * before the others; change returns to the wallet's first address. Throws InsufficientFunds.
   */
  pay(payment: { script: Buffer; amount: bigint; feeRate: bigint }): TX {
    const { script, amount, feeRate } = payment;
    const spent: OwnCoin[] = [];
    let value = 0n;
    const fee = (change: boolean): bigint => {
      const outputs = VSIZE.outputBase + script.length + (change ? VSIZE.changeOutput : 0);
      return feeAt(feeRate, VSIZE.overhead + outputs + spent.length * VSIZE.input);
    };
    for (const coin of this.spendable()) {
      spent.push(coin);
      value += coin.value;
      if (value >= amount + fee(false)) break;
    }
    if (spent.length === 0 || value < amount + fee(false)) throw new InsufficientFunds();
    const changeScript = this.firstScript();
    const change = value - amount - fee(true);
    const outputs = [{ script, amount }];
    if (change >= dustThreshold(changeScript)) outputs.push({ script: changeScript, amount: change });
    return this.sign(spent, outputs);
  }

  private sign(spent: readonly OwnCoin[], outputs: readonly { script: Buffer; amount: bigint }[]): TX {
    const transaction = new Transaction({ allowUnknownOutputs: true });
    for (const { hash, index, value, script } of spent) {
      const witnessUtxo = { script, amount: value };
      transaction.addInput({ txid: reverseHex(hash), index, witnessUtxo, sequence: REPLACEABLE });
    }
    for (const output of outputs) transaction.addOutput(output);
    for (const [index, { script }] of spent.entries()) {
      transaction.signIdx(this.key(this.indexByScript.get(script.toString('hex'))!).privateKey, index);
    }
    transaction.finalize();
    return bcoin.TX.fromRaw(Buffer.from(transaction.extract()));
  }

  private spendable(): OwnCoin[] {
    const mature = this.unspent().filter((coin) => this.isMature(coin));
    return mature.sort(
      (a, b) => Number(a.height === undefined) - Number(b.height === undefined) || descending(a.value, b.value),
    );
  }

  /** Own coins that no transaction in the pool spends, with those that the pool would create. */
  private unspent(): OwnCoin[] {
    const confirmed = [...this.coins.values()];
    const pending = this.pool.all().flatMap(({ tx }) => this.outputsOf(tx, undefined));
    return [...confirmed, ...pending].filter((coin) => !this.pool.spenderOf(coin));
  }

  private isMature(coin: OwnCoin): boolean {
    return !coin.coinbase || coin.height === undefined || this.chain.height + 1 - coin.height >= COINBASE_MATURITY;
  }

  private take(tx: TX, height: number): void {
    for (const { prevout } of tx.inputs) this.coins.delete(outpointKey(prevout));
    for (const coin of this.outputsOf(tx, height)) this.coins.set(outpointKey(coin), coin);
  }

  private outputsOf(tx: TX, height: number | undefined): OwnCoin[] {
    const hash = tx.hash('hex');
    const coinbase = tx.isCoinbase();
    return tx.outputs.flatMap(({ value, script }, index) => {
      if (value === 0 || !this.indexByScript.has(script.raw.toString('hex'))) return [];
      return [{ hash, index, value: BigInt(value), script: script.raw, height, coinbase }];
    });
  }

  private keep({ hash, index, value, script, height, coinbase }: Coin): void {
    // The index goes by the bytes of the program, which other kinds of address may share.
    if (value === 0 || !this.indexByScript.has(script.raw.toString('hex'))) return;
    this.coins.set(outpointKey({ hash, index }), {
      hash,
      index,
      value: BigInt(value),
      script: script.raw,
      height,
      coinbase,
    });
  }

  private key(index: number): { publicKey: Uint8Array; privateKey: Uint8Array } {
    const { publicKey, privateKey } = this.account.deriveChild(index);
    if (!publicKey || !privateKey) throw new Error(`no key at index ${index}`);
    return { publicKey, privateKey };
  }
}

const keyHash = (publicKey: Uint8Array): Buffer =>
  createHash('ripemd160').update(createHash('sha256').update(publicKey).digest()).digest();

const descending = (a: bigint, b: bigint): number => (a < b ? 1 : a > b ? -1 : 0);

/** A fresh seed for both wallets of a sandbox. */
export const newSeed = (): Uint8Array => randomBytes(32);
