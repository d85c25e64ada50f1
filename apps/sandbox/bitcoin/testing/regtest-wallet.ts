import { Address, OutScript, p2wpkh, SigHash, Transaction } from '@scure/btc-signer';
import { pubECDSA, randomPrivateKeyBytes } from '@scure/btc-signer/utils.js';

/** A JSON-RPC call to the node under test. */
export type Rpc = <T>(method: string, ...params: readonly unknown[]) => Promise<T>;

export const REGTEST = { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, wif: 0xef };

/** Where blocks go whose coinbase nobody wants. */
export const NOWHERE = Address(REGTEST).encode({ type: 'wpkh', hash: new Uint8Array(20).fill(7) });

/** One output that the wallet can spend. Amounts are satoshi. */
export interface SpecCoin {
  readonly txid: string;
  readonly index: number;
  readonly amount: bigint;
  readonly script: Uint8Array;
}

export interface SpecOutput {
  readonly script: Uint8Array;
  readonly amount: bigint;
}

export interface Spend {
  readonly coins: readonly SpecCoin[];
  readonly outputs: readonly SpecOutput[];
  readonly sequence?: number;
  readonly version?: number;
  readonly lockTime?: number;
}

/** A signed transaction and the coins it makes. */
export interface SpecTransaction {
  readonly hex: string;
  readonly txid: string;
  readonly vsize: number;
  readonly coins: readonly SpecCoin[];
}

const MATURITY = 100;
const FINAL = 0xffffffff;

/** A P2WPKH key of the spec's own, so that the same spec runs against a node without a wallet. Signs with @scure/btc-signer. */
export class RegtestWallet {
  readonly privateKey = randomPrivateKeyBytes();
  readonly publicKey = pubECDSA(this.privateKey);
  readonly script = p2wpkh(this.publicKey).script;
  readonly address = Address(REGTEST).encode(OutScript.decode(this.script));
  private readonly coins: SpecCoin[] = [];

  /** A wallet with matured coinbases. */
  static async funded(rpc: Rpc, coins: number): Promise<RegtestWallet> {
    const wallet = new RegtestWallet();
    const hashes = await rpc<string[]>('generatetoaddress', coins, wallet.address);
    await rpc('generatetoaddress', MATURITY, NOWHERE);
    for (const hash of hashes) wallet.coins.push(await coinbaseOf(rpc, hash, wallet.script));
    return wallet;
  }

  /** A coin that no other test has. */
  take(): SpecCoin {
    const coin = this.coins.pop();
    if (!coin) throw new Error('the spec needs more coins: ask funded() for them');
    return coin;
  }

  /** Signs a spend of the wallet's own coins. */
  sign({ coins, outputs, sequence = FINAL, version = 2, lockTime = 0 }: Spend): SpecTransaction {
    const transaction = new Transaction({ version, lockTime, allowUnknownOutputs: true });
    for (const { txid, index, script, amount } of coins) {
      transaction.addInput({ txid, index, sequence, witnessUtxo: { script, amount } });
    }
    for (const output of outputs) transaction.addOutput(output, true);
    transaction.sign(this.privateKey, [SigHash.ALL]);
    transaction.finalize();
    return specTransaction(transaction);
  }

  /** Spends one coin to the wallet itself, paying `fee`. */
  sweep(coin: SpecCoin, fee: bigint, options: Omit<Spend, 'coins' | 'outputs'> = {}): SpecTransaction {
    return this.sign({ coins: [coin], outputs: [{ script: this.script, amount: coin.amount - fee }], ...options });
  }
}

/** A finalized transaction of @scure/btc-signer as the specs use it. */
export function specTransaction(transaction: Transaction): SpecTransaction {
  const txid = transaction.id;
  const coins = Array.from({ length: transaction.outputsLength }, (_, index) => {
    const { script = new Uint8Array(), amount = 0n } = transaction.getOutput(index);
    return { txid, index, amount, script };
  });
  return { hex: transaction.hex, txid, vsize: transaction.vsize, coins };
}

async function coinbaseOf(rpc: Rpc, blockHash: string, script: Uint8Array): Promise<SpecCoin> {
  type Output = { value: number; n: number; scriptPubKey: { hex: string } };
  const { tx } = await rpc<{ tx: { txid: string; vout: Output[] }[] }>('getblock', blockHash, 2);
  const wanted = Buffer.from(script).toString('hex');
  const output = tx[0]?.vout.find(({ scriptPubKey }) => scriptPubKey.hex === wanted);
  if (!tx[0] || !output) throw new Error(`block ${blockHash} does not pay us`);
  return { txid: tx[0].txid, index: output.n, amount: BigInt(Math.round(output.value * 1e8)), script };
}
