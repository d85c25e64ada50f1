import { type Tx } from '@base/database';
import { type BlockConsumer, type BlockRef, type EthereumBlock } from '@platform/chains';
import { ownAmong } from './addresses.js';
import { intentOfNonce, nonceName } from './nonces.js';
import { type RecordDeposit } from './record-deposit.js';
import { type RecordForeignSpend, type SpendInBlock } from './record-foreign-spend.js';
import { type AssetSettings } from './settings.js';
import { type WatchAttempts } from './watch-attempts.js';

/** What an Ethereum block means for us: ether that came, and our own transactions. */
export class TakeInEthereum implements BlockConsumer<EthereumBlock> {
  constructor(
    private readonly settings: AssetSettings,
    private readonly deposits: RecordDeposit,
    private readonly attempts: WatchAttempts,
    private readonly foreign: RecordForeignSpend,
  ) {}

  async connect(tx: Tx, block: EthereumBlock): Promise<void> {
    const { chainId } = this.settings;
    const ours = await this.attempts.mined(
      tx,
      this.settings,
      block.transactions.map(({ txid, succeeded, fee }) => ({ txid, failed: !succeeded, fee })),
      block,
    );
    const touched = [
      ...block.movements.flatMap(({ from, to }) => [from, to]),
      ...block.transactions.map(({ from }) => from),
    ];
    const own = await ownAmong(tx, chainId, touched);
    if (own.size === 0) return;
    for (const { txid, index, from, to, value } of block.movements) {
      const receiver = own.get(to);
      // Between two addresses of ours nothing arrives: that is a sweep.
      if (receiver === undefined || own.has(from)) continue;
      await this.deposits.arrived(tx, this.settings, { txid, index, amount: value, to: receiver }, block);
    }
    const foreign: SpendInBlock[] = [];
    for (const { txid, from, nonce, fee } of block.transactions) {
      if (!own.has(from) || ours.has(txid)) continue;
      const left = block.movements.filter(
        (movement) => movement.txid === txid && own.has(movement.from) && !own.has(movement.to),
      );
      foreign.push({
        txid,
        what: nonceName(from, BigInt(nonce)),
        amount: left.reduce((sum, { value }) => sum + value, fee),
        intentId: await intentOfNonce(tx, chainId, from, BigInt(nonce)),
      });
    }
    await this.foreign.seen(tx, this.settings, foreign, block);
  }

  async disconnect(tx: Tx, block: BlockRef): Promise<void> {
    await this.attempts.takenBack(tx, this.settings, block);
    await this.deposits.takenBack(tx, this.settings, block);
    await this.foreign.takenBack(tx, this.settings, block);
  }
}
