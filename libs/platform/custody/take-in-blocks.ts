import { type Tx } from '@base/database';
import { minimumDeposit } from './minimum-deposit.js';
import {
  type BitcoinBlock,
  type BlockConsumer,
  type BlockHeader,
  type BlockRef,
  type EthereumBlock,
} from '@platform/chains';
import { ownAddresses } from './addresses.js';
import { forgetBlockCoins, markSpent, recordCoin } from './coins.js';
import { type CustodyChain } from './custody-chain.js';
import { type RecordDeposit } from './record-deposit.js';

/** Who else wants to know of each block, in the same transaction: withdrawals, that look for their own. */
export interface BlockListener<Block extends BlockHeader> {
  connected(tx: Tx, block: Block): Promise<void>;
  disconnected(tx: Tx, block: BlockRef): Promise<void>;
}

interface Parts<Block extends BlockHeader> {
  readonly chain: CustodyChain;
  readonly deposits: RecordDeposit;
  readonly listener: BlockListener<Block>;
}

/** Bitcoin blocks: our coins come and go, and payments to our addresses become deposits. Each output is one deposit; our own change is none. */
export class TakeInBitcoinBlocks implements BlockConsumer<BitcoinBlock> {
  constructor(private readonly parts: Parts<BitcoinBlock>) {}

  async connect(tx: Tx, block: BitcoinBlock): Promise<void> {
    const { chain, deposits, listener } = this.parts;
    const scripts = block.transactions.flatMap((transaction) => transaction.outputs.map((output) => output.script));
    const own = await ownAddresses(tx, chain.chainId, scripts);
    const min = await minimumDeposit(tx, chain.asset);
    // Coins first, spends second: a transaction may spend what an earlier one of the same block made.
    const arrivals = block.transactions.flatMap((transaction) =>
      transaction.outputs.flatMap((output) => {
        const address = own.get(output.script);
        return address ? [{ transaction, output, address }] : [];
      }),
    );
    for (const arrival of arrivals) await recordCoin(tx, { block, ...arrival, isDust: arrival.output.value < min });
    const spends = block.transactions.flatMap(({ txid: by, inputs }) =>
      inputs.map(({ txid, vout }) => ({ txid, vout, by })),
    );
    const ours = await markSpent(tx, chain.chainId, block.height, spends);
    for (const { transaction, output, address } of arrivals) {
      if (address.ownerKind === 'wallet' && ours.has(transaction.txid)) continue;
      await deposits.shown(tx, chain, block, {
        txid: transaction.txid,
        place: output.vout,
        amount: output.value,
        address,
      });
    }
    await listener.connected(tx, block);
  }

  async disconnect(tx: Tx, block: BlockRef): Promise<void> {
    const { chain, deposits, listener } = this.parts;
    await listener.disconnected(tx, block);
    await deposits.blockGone(tx, chain.chainId, block);
    await forgetBlockCoins(tx, chain.chainId, block);
  }
}

/** Ethereum blocks: ether that moved to an address of ours, by a transaction or inside one, becomes a deposit; our own sweeps do not. */
export class TakeInEthereumBlocks implements BlockConsumer<EthereumBlock> {
  constructor(private readonly parts: Parts<EthereumBlock>) {}

  async connect(tx: Tx, block: EthereumBlock): Promise<void> {
    const { chain, deposits, listener } = this.parts;
    const parties = block.movements.flatMap(({ from, to }) => [from.toLowerCase(), to.toLowerCase()]);
    const own = await ownAddresses(tx, chain.chainId, parties);
    for (const movement of block.movements) {
      const address = own.get(movement.to.toLowerCase());
      if (!address || movement.value === 0n) continue;
      const internal = address.ownerKind === 'house' && own.has(movement.from.toLowerCase());
      if (internal) continue;
      await deposits.shown(tx, chain, block, {
        txid: movement.txid,
        place: movement.index,
        amount: movement.value,
        address,
      });
    }
    await listener.connected(tx, block);
  }

  async disconnect(tx: Tx, block: BlockRef): Promise<void> {
    const { chain, deposits, listener } = this.parts;
    await listener.disconnected(tx, block);
    await deposits.blockGone(tx, chain.chainId, block);
  }
}
