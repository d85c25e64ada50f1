import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Acceptance } from './accept-transaction.js';
import { Blockchain } from './blockchain.js';
import { followChain } from './follow-chain.js';
import { Mempool } from './mempool.js';
import { BlockBuilder } from './mine-block.js';
import { BOOT_BLOCKS, regtest, reverseHex } from './regtest.js';
import { newSeed, SandboxWallet } from './wallet.js';

const BOOT_SPACING_SECONDS = 600;
const WALLETS_FILE = 'wallets.json';

interface StoredWallets {
  readonly seed: string;
  readonly outsideAddresses: number;
}

/** Everything behind the door: chain, pool, miner and the sandbox's two wallets. Callers take turns (`turnstile.ts`). */
export class BitcoinNode {
  readonly startedAt = regtest.now();
  readonly pool = new Mempool();
  readonly acceptance: Acceptance;
  readonly builder: BlockBuilder;
  /** Pays whoever asks; blocks are mined to it. */
  readonly faucet: SandboxWallet;
  /** Plays everyone outside the platform. */
  readonly outside: SandboxWallet;
  /** The fee rate that `estimatesmartfee` answers, satoshi per 1000 vB; none until a test or a demo sets one. */
  estimatedFeeRate: bigint | undefined;

  private constructor(
    readonly blockchain: Blockchain,
    private readonly folder: string | undefined,
    private readonly stored: StoredWallets,
  ) {
    const seed = Buffer.from(stored.seed, 'hex');
    this.acceptance = new Acceptance(blockchain, this.pool, () => regtest.now());
    this.builder = new BlockBuilder(blockchain, this.pool);
    this.faucet = new SandboxWallet(blockchain.chain, this.pool, { seed, account: 0, addresses: 1 });
    this.outside = new SandboxWallet(blockchain.chain, this.pool, {
      seed,
      account: 1,
      addresses: stored.outsideAddresses,
    });
    blockchain.onChange((change) => followChain(this.pool, this.acceptance, change));
    for (const wallet of [this.faucet, this.outside]) blockchain.onChange((change) => wallet.follow(change));
  }

  /** Opens what `folder` keeps, or a fresh chain in memory; a fresh chain is mined until segwit is active. */
  static async open(folder?: string): Promise<BitcoinNode> {
    const stored = await loadWallets(folder);
    const node = new BitcoinNode(await Blockchain.open(folder), folder, stored);
    try {
      await node.faucet.reload();
      await node.outside.reload();
      await node.boot();
      return node;
    } catch (error) {
      await node.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.blockchain.close();
  }

  /** Mines one block of the best transactions; returns its hash in display order. */
  mine(payout: Buffer = this.faucet.firstScript()): Promise<string> {
    return this.mineAt(payout);
  }

  /** A new address of the outside wallet, on disk before anyone is told. */
  async newOutsideScript(): Promise<Buffer> {
    const script = this.outside.nextScript();
    await saveWallets(this.folder, { ...this.stored, outsideAddresses: this.outside.addresses });
    return script;
  }

  /** The first blocks lie in the past, ten minutes apart, so that a long chain can follow without running ahead of time. */
  private async boot(): Promise<void> {
    const now = regtest.now();
    while (this.blockchain.height < BOOT_BLOCKS) {
      const ahead = BOOT_BLOCKS - this.blockchain.height;
      await this.mineAt(this.faucet.firstScript(), now - ahead * BOOT_SPACING_SECONDS);
    }
  }

  private async mineAt(payout: Buffer, time?: number): Promise<string> {
    const block = await this.builder.fromPool(payout, time);
    await this.blockchain.append(block);
    return reverseHex(block.hash('hex'));
  }
}

async function loadWallets(folder: string | undefined): Promise<StoredWallets> {
  const fresh = { seed: Buffer.from(newSeed()).toString('hex'), outsideAddresses: 1 };
  if (folder === undefined) return fresh;
  await mkdir(folder, { recursive: true });
  try {
    return JSON.parse(await readFile(join(folder, WALLETS_FILE), 'utf8')) as StoredWallets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await saveWallets(folder, fresh);
    return fresh;
  }
}

/** Replaced whole by a rename, so that a kill leaves the old file or the new one. Regtest keys: worth nothing. */
async function saveWallets(folder: string | undefined, wallets: StoredWallets): Promise<void> {
  if (folder === undefined) return;
  const file = join(folder, WALLETS_FILE);
  await writeFile(`${file}.new`, JSON.stringify(wallets), { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
}
