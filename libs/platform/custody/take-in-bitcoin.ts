import { type Tx } from '@base/database';
import { type BitcoinBlock, type BlockConsumer, type BlockRef } from '@platform/chains';
import { type OwnAddress, ownAmong } from './addresses.js';
import { insertCoin, spendCoins, takeBackCoins } from './coins.js';
import { type RecordDeposit } from './record-deposit.js';
import { type RecordForeignSpend } from './record-foreign-spend.js';
import { type AssetSettings } from './settings.js';
import { type WatchAttempts } from './watch-attempts.js';

/** What a Bitcoin block means for us: coins made and spent, deposits, and our own transactions. */
export class TakeInBitcoin implements BlockConsumer<BitcoinBlock> {
  constructor(
    private readonly settings: AssetSettings,
    private readonly deposits: RecordDeposit,
    private readonly attempts: WatchAttempts,
    private readonly foreign: RecordForeignSpend,
  ) {}

  async connect(tx: Tx, block: BitcoinBlock): Promise<void> {
    const ours = await this.attempts.mined(
      tx,
      this.settings,
      block.transactions.map(({ txid }) => ({ txid, failed: false })),
      block,
    );
    await this.#receive(tx, block, ours);
    await this.#spend(tx, block, ours);
  }

  async disconnect(tx: Tx, block: BlockRef): Promise<void> {
    await this.attempts.takenBack(tx, this.settings, block);
    await this.deposits.takenBack(tx, this.settings, block);
    await this.foreign.takenBack(tx, this.settings, block);
    await takeBackCoins(tx, this.settings.chainId, block.height);
  }

  async #receive(tx: Tx, block: BitcoinBlock, ours: ReadonlySet<string>): Promise<void> {
    const scripts = block.transactions.flatMap(({ outputs }) => outputs.map(({ script }) => script));
    const own = await ownAmong(tx, this.settings.chainId, scripts);
    for (const { txid, outputs, coinbase, raw } of block.transactions) {
      for (const { vout, value, script } of outputs) {
        const to = own.get(script);
        if (to === undefined || value === 0n) continue;
        const isChange = to.ownerKind === 'internal' && ours.has(txid);
        const coin = { chainId: this.settings.chainId, txid, vout, value, addressId: to.id, coinbase };
        const frozen = isChange ? null : this.#whyFrozen(value, to);
        await insertCoin(tx, { ...coin, height: block.height, blockHash: block.hash, frozen }, raw);
        if (!isChange)
          await this.deposits.arrived(tx, this.settings, { txid, index: vout, amount: value, to, coinbase }, block);
      }
    }
  }

  /** Dust is never spent: who sends it wants to see which of our addresses meet in one transaction. */
  #whyFrozen(value: bigint, to: OwnAddress): string | null {
    if (value >= this.settings.minDeposit) return null;
    return to.ownerKind === 'internal' ? 'dust at an internal address' : 'dust';
  }

  async #spend(tx: Tx, block: BitcoinBlock, ours: ReadonlySet<string>): Promise<void> {
    const spends = block.transactions.flatMap(({ txid, inputs }) => inputs.map((input) => ({ ...input, by: txid })));
    const spent = await spendCoins(tx, this.settings.chainId, spends, block.height);
    const foreign = spent.filter(({ by }) => !ours.has(by));
    await this.foreign.seen(
      tx,
      this.settings,
      foreign.map(({ txid, vout, value, by, intentId }) => ({
        txid: by,
        what: `coin ${txid}:${vout}`,
        amount: value,
        intentId,
      })),
      block,
    );
  }
}
