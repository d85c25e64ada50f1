import { type Clock } from '@base/clock';
import { type Tx, uuidV5 } from '@base/database';
import { type Events } from '@base/events';
import { type Logger } from '@base/observability';
import { depthFor, type BlockRef } from '@platform/chains';
import { type Ledger, LedgerRefusal } from '@platform/ledger';
import { formatAmount } from '@core/money';
import { type OwnAddress } from './addresses.js';
import { depositAfter } from './deposit.js';
import { type Deposit, insertDeposit, lockDepositOf, lockDepositsIn, updateDeposit } from './deposits.js';
import { halt } from './halts.js';
import { depositFound, depositLost, depositReversed, depositSeen } from './journals.js';
import { type AssetSettings } from './settings.js';

/** An output or a movement to one of our addresses, in a block. */
export interface Arrival {
  readonly txid: string;
  readonly index: number;
  readonly amount: bigint;
  readonly to: OwnAddress;
  readonly coinbase?: boolean;
}

const COINBASE_DEPTH = 100;

/**
 * Writes down what blocks bring and what reorganisations take away. One row for each output of a transaction (two outputs to one customer
 * are two deposits), whatever number of blocks it stands in one after the other.
 */
export class RecordDeposit {
  constructor(
    private readonly ledger: Ledger,
    private readonly events: Events,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** A block of our chain has this. */
  async arrived(tx: Tx, settings: AssetSettings, arrival: Arrival, block: BlockRef): Promise<void> {
    const { chainId, asset } = settings;
    const depth = depthFor(settings.confirmations, arrival.amount);
    const fresh = await insertDeposit(tx, {
      id: uuidV5('custody.deposit', chainId, arrival.txid, arrival.index),
      chainId,
      txid: arrival.txid,
      outputIndex: arrival.index,
      asset,
      amount: arrival.amount,
      addressId: arrival.to.id,
      state: arrival.amount < settings.minDeposit ? 'ignored' : 'pending',
      requiredDepth: arrival.coinbase === true ? Math.max(depth, COINBASE_DEPTH) : depth,
      at: this.clock.now(),
      height: block.height,
      blockHash: block.hash,
    });
    const deposit = await lockDepositOf(tx, chainId, arrival.txid, arrival.index);
    if (!fresh) return this.#seenAgain(tx, settings, deposit, block);
    if (deposit.state === 'pending') await this.#pend(tx, deposit);
    if (deposit.ownerKind === 'internal') this.#warn(deposit, 'coins arrived at an address that nobody was given');
  }

  /** A block of our chain is not part of it any more. */
  async takenBack(tx: Tx, settings: AssetSettings, block: BlockRef): Promise<void> {
    for (const deposit of await lockDepositsIn(tx, settings.chainId, block.hash)) {
      const state = depositAfter(deposit.state, 'taken_back');
      if (state === undefined) throw new Error(`a ${deposit.state} deposit stands in a block`);
      const transfer = deposit.state === 'pending' ? depositReversed(deposit) : undefined;
      if (transfer !== undefined) await this.ledger.post(tx, transfer);
      const lossBooked = state === 'lost' && (await this.#lose(tx, settings, deposit));
      await updateDeposit(tx, deposit.id, { ...deposit, state, height: null, blockHash: null, lossBooked });
      await this.#tell(tx, `custody.deposit-${state}`, deposit);
    }
  }

  async #seenAgain(tx: Tx, settings: AssetSettings, deposit: Deposit, block: BlockRef): Promise<void> {
    const next = depositAfter(deposit.state, 'seen_again');
    if (next === undefined) {
      if (deposit.blockHash === block.hash) return;
      throw new Error(`deposit ${deposit.id} stands in two blocks of one chain`);
    }
    const state = next === 'pending' && deposit.amount < settings.minDeposit ? 'ignored' : next;
    const seen = {
      ...deposit,
      state,
      height: block.height,
      blockHash: block.hash,
      sightings: deposit.sightings + 1,
      lossBooked: false,
    };
    if (state === 'pending') await this.#pend(tx, seen);
    if (deposit.lossBooked) await this.ledger.post(tx, depositFound(deposit));
    if (state === 'credited') this.#warn(deposit, 'a lost deposit is in the chain again');
    await updateDeposit(tx, deposit.id, seen);
  }

  async #pend(tx: Tx, deposit: Deposit): Promise<void> {
    const transfer = depositSeen(deposit);
    if (transfer !== undefined) await this.ledger.post(tx, transfer);
    await this.#tell(tx, 'custody.deposit-pending', deposit);
  }

  /**
   * The coins are gone and may have been spent by their customer: halts, and gives the gap a name instead of hiding it. Answers whether
   * the books could show it: where the hot wallet holds less than that, the next reconciliation shows what is missing.
   */
  async #lose(tx: Tx, settings: AssetSettings, deposit: Deposit): Promise<boolean> {
    await halt(tx, {
      asset: settings.asset,
      scope: 'all',
      reason: `deposit ${deposit.id} was credited and then undone by a reorganisation`,
      actor: 'deep-reorganisation',
      at: this.clock.now(),
    });
    this.#warn(deposit, 'a credited deposit was undone by a reorganisation; the asset is halted');
    try {
      await this.ledger.post(tx, depositLost(deposit));
      return true;
    } catch (error) {
      if (!(error instanceof LedgerRefusal) || error.code !== 'insufficient_funds') throw error;
      return false;
    }
  }

  async #tell(tx: Tx, type: string, deposit: Deposit): Promise<void> {
    await this.events.append(tx, {
      type,
      aggregate: 'deposit',
      aggregateId: deposit.id,
      payload: depositPayload(deposit),
    });
  }

  #warn({ id, asset, txid }: Deposit, message: string): void {
    this.logger.error({ depositId: id, asset, txid }, message);
  }
}

/** What an event says about a deposit; amounts in major units. */
export function depositPayload(deposit: Deposit): object {
  const { id, asset, amount, ownerKind, ownerId, txid, outputIndex, chainId, requiredDepth, height } = deposit;
  return {
    depositId: id,
    asset,
    amount: formatAmount(amount, asset),
    ownerKind,
    customerId: ownerId,
    chainId,
    txid,
    outputIndex,
    requiredDepth,
    height,
  };
}
