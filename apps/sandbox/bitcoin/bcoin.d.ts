/**
 * What the dev chain uses of bcoin 1.0.2, which ships no types. Transactions, blocks and coins are bcoin's own objects;
 * they are treated as immutable here.
 */
declare module 'bcoin' {
  /** 32 bytes as hex in wire order. The id that people and RPC see is the same bytes reversed. */
  export type Hash = string;

  export interface Script {
    readonly raw: Buffer;
    isPushOnly(): boolean;
    isUnspendable(): boolean;
    isScripthash(): boolean;
    /** The last push of a script that only pushes: the redeem script of a P2SH input. */
    getRedeem(): Script | null;
    getSigops(accurate: boolean): number;
    /** Runs the script on a stack; throws an error of type `ScriptError`. Version 1 is segwit's. */
    execute(stack: Stack, flags: number, tx: TX, index: number, value: number, version: 0 | 1): void;
  }

  export interface Stack {
    readonly items: readonly Buffer[];
  }

  export interface Outpoint {
    readonly hash: Hash;
    readonly index: number;
    toKey(): string;
  }

  export interface Input {
    readonly prevout: Outpoint;
    readonly script: Script;
    readonly witness: { readonly items: readonly Buffer[] };
    readonly sequence: number;
  }

  export interface Output {
    /** Satoshi. */
    readonly value: number;
    readonly script: Script;
    getSize(): number;
  }

  /** Why a check failed: whether it passed, the reason in Bitcoin's vocabulary, and a ban score. */
  export type Verdict = readonly [valid: boolean, reason: string, score: number];

  export interface TX {
    readonly version: number;
    readonly locktime: number;
    readonly inputs: readonly Input[];
    readonly outputs: readonly Output[];
    hash(encoding: 'hex'): Hash;
    txid(): string;
    wtxid(): string;
    toRaw(): Buffer;
    /** The serialization without witnesses. */
    toNormal(): Buffer;
    getSize(): number;
    getBaseSize(): number;
    getWeight(): number;
    hasWitness(): boolean;
    isCoinbase(): boolean;
    checkSanity(): Verdict;
    /** The fee, or −1 and the reason. `height` is that of the block the transaction would be in. */
    checkInputs(view: CoinView, height: number): readonly [fee: number, reason: string, score: number];
    /** Runs every input's scripts; throws an error of type `ScriptError`. */
    check(view: CoinView, flags: number): void;
    checkInput(index: number, coin: Output, flags: number): void;
    getSigopsCost(view: CoinView, flags: number): number;
    isFinal(height: number, medianTime: number): boolean;
  }

  export interface CoinEntry {
    readonly height: number;
    readonly coinbase: boolean;
    readonly output: Output;
  }

  export interface CoinView {
    addEntry(prevout: Outpoint, coin: CoinEntry): void;
    addIndex(tx: TX, index: number, height: number): void;
    getEntry(prevout: Outpoint): CoinEntry | null | undefined;
    getOutput(prevout: Outpoint): Output | null | undefined;
  }

  /** An output with its place, as the address index returns it. */
  export interface Coin {
    readonly hash: Hash;
    readonly index: number;
    readonly height: number;
    readonly coinbase: boolean;
    readonly value: number;
    readonly script: Script;
  }

  export interface Block {
    readonly version: number;
    readonly prevBlock: Hash;
    readonly merkleRoot: Hash;
    readonly time: number;
    readonly bits: number;
    readonly nonce: number;
    readonly txs: readonly TX[];
    hash(encoding: 'hex'): Hash;
    toRaw(): Buffer;
    getSize(): number;
    getBaseSize(): number;
    getWeight(): number;
  }

  /** A non-negative big integer of bn.js. */
  export interface BigNumber {
    gt(other: BigNumber): boolean;
    lte(other: BigNumber): boolean;
    toString(base: 'hex', padding: number): string;
  }

  export interface ChainEntry {
    readonly hash: Hash;
    readonly version: number;
    readonly prevBlock: Hash;
    readonly merkleRoot: Hash;
    readonly time: number;
    readonly bits: number;
    readonly nonce: number;
    readonly height: number;
    readonly chainwork: BigNumber;
    isGenesis(): boolean;
    toHeaders(): { toRaw(): Buffer };
  }

  export interface DeploymentState {
    readonly flags: number;
    hasWitness(): boolean;
  }

  export interface ChainDB {
    /** The unspent coin on the active chain, or null. */
    readCoin(prevout: Outpoint): Promise<CoinEntry | null>;
    getTips(): Promise<Hash[]>;
  }

  export interface Chain {
    readonly db: ChainDB;
    readonly tip: ChainEntry;
    readonly height: number;
    readonly state: DeploymentState;
    open(): Promise<void>;
    close(): Promise<void>;
    /** Validates and stores a block; connects it when its branch has the most work. Throws a `VerifyError`. */
    add(block: Block): Promise<ChainEntry | null>;
    disconnect(entry: ChainEntry): Promise<void>;
    reconnect(entry: ChainEntry): Promise<void>;
    getDeploymentState(): Promise<DeploymentState>;
    setDeploymentState(state: DeploymentState): void;
    getEntry(at: Hash | number): Promise<ChainEntry | null>;
    getPrevious(entry: ChainEntry): Promise<ChainEntry | null>;
    getNextHash(hash: Hash): Promise<Hash | null>;
    isMainChain(entry: ChainEntry): Promise<boolean>;
    getBlock(hash: Hash): Promise<Block | null>;
    /** The coins that a connected block spent. */
    getBlockView(block: Block): Promise<CoinView>;
    getMedianTime(entry: ChainEntry): Promise<number>;
    getCoinsByAddress(addresses: readonly Address[]): Promise<Coin[]>;
    hasCoins(tx: TX): Promise<boolean>;
    verifyFinal(tip: ChainEntry, tx: TX, lockFlags: number): Promise<boolean>;
    verifyLocks(tip: ChainEntry, tx: TX, view: CoinView, lockFlags: number): Promise<boolean>;
  }

  export interface ChainOptions {
    readonly network: Network;
    readonly memory: boolean;
    readonly prefix?: string;
    readonly indexAddress: boolean;
  }

  export interface Network {
    readonly addressPrefix: { pubkeyhash: number; scripthash: number; bech32: string };
    now(): number;
  }

  export interface BlockProof {
    verify(target: Buffer): boolean;
  }

  export interface BlockTemplate {
    readonly height: number;
    readonly target: Buffer;
    time: number;
    readonly mtp: number;
    /** Appends a transaction; false when it does not fit or is not final. */
    addTX(tx: TX, view: CoinView): boolean;
    /** Rebuilds coinbase, witness commitment and merkle tree after transactions were added. */
    refresh(): void;
    getProof(nonce1: number, nonce2: number, time: number, nonce: number): BlockProof;
    commit(proof: BlockProof): Block;
  }

  export interface Miner {
    createBlock(tip: ChainEntry, address: Address): Promise<BlockTemplate>;
  }

  export interface Address {
    readonly hash: Buffer;
  }

  const bcoin: {
    readonly Chain: new (options: ChainOptions) => Chain;
    readonly Miner: new (options: { network: Network; chain: Chain }) => Miner;
    readonly CoinView: new () => CoinView;
    readonly Outpoint: new (hash: Hash, index: number) => Outpoint;
    readonly TX: { readonly prototype: TX; fromRaw(raw: Buffer): TX };
    readonly Block: { fromRaw(raw: Buffer): Block };
    readonly Script: { readonly flags: Readonly<Record<string, number>>; fromRaw(raw: Buffer): Script };
    readonly Stack: new (items: Buffer[]) => Stack;
    readonly Address: { fromHash(hash: Buffer, type: string, version: number): Address };
    readonly Network: { get(name: 'regtest'): Network };
  };
  export default bcoin;
}

declare module 'bcrypto/lib/secp256k1.js' {
  /** The curve as bcoin calls it; `verify` takes a compact signature and the hash itself. */
  const secp256k1: { verify(hash: Buffer, signature: Buffer, key: Buffer): boolean };
  export default secp256k1;
}

declare module 'leveldown' {
  export type RangeOptions = Readonly<Record<string, unknown>>;

  const leveldown: { readonly prototype: { iterator: (this: unknown, options: RangeOptions) => unknown } };
  export default leveldown;
}
