import { type Clock } from '@base/clock';
import { minimumDeposit } from './minimum-deposit.js';
import { type Tx, uuidV5 } from '@base/database';
import { type Events } from '@base/events';
import { formatAmount } from '@core/money';
import { type Ledger } from '@platform/ledger';
import { type BlockRef, depthFor } from '@platform/chains';
import { type OwnAddress } from './addresses.js';
import { haltAsset } from './asset-halt.js';
import { type CustodyChain } from './custody-chain.js';
import { afterDepositEvent, type Deposit, type DepositEvent } from './deposit.js';
import { creditedTransfer, foundTransfer, lostTransfer, orphanedTransfer, seenTransfer } from './deposit-journals.js';
import { depositsInBlock, insertDeposit, lockDeposit, updateDeposit } from './deposits.js';

/** Value at an address of ours, as a block shows it. */
export interface Arrival {
  readonly txid: string;
  readonly place: number;
  readonly amount: bigint;
  readonly address: OwnAddress;
}

/** The deposit's steps: each in the transaction of the block, or of the depth, that causes it, with its posting, history and event. */
export class RecordDeposit {
  constructor(
    private readonly ledger: Ledger,
    private readonly events: Events,
    private readonly clock: Clock,
  ) {}

  /** A block shows it: for the first time, or again after a reorganisation. */
  async shown(tx: Tx, chain: CustodyChain, block: BlockRef, arrival: Arrival): Promise<void> {
    const id = uuidV5('custody.deposit', chain.chainId, arrival.txid, arrival.place);
    const known = await lockDeposit(tx, id);
    if (known) return this.#shownAgain(tx, known, block);
    const asset = chain.asset as 'BTC' | 'ETH';
    const min = await minimumDeposit(tx, asset);
    const deposit: Deposit = {
      id,
      chainId: chain.chainId,
      txid: arrival.txid,
      place: arrival.place,
      addressId: arrival.address.id,
      ownerKind: arrival.address.ownerKind,
      customerId: arrival.address.customerId,
      asset,
      amount: arrival.amount,
      state: arrival.amount < min ? 'ignored' : 'seen',
      round: 1,
      height: block.height,
      blockHash: block.hash,
      confirmations: depthFor(chain.policy, arrival.amount),
      seenAt: this.clock.now(),
      creditedAt: null,
    };
    await insertDeposit(tx, deposit);
    if (deposit.state === 'ignored') return;
    await this.ledger.post(tx, seenTransfer(deposit));
    await this.#tell(tx, deposit, 'seen');
  }

  /** It lies deep enough. Does nothing when it was credited, or taken back, in the meantime. */
  async credit(tx: Tx, id: string): Promise<boolean> {
    const deposit = await lockDeposit(tx, id);
    if (deposit?.state !== 'seen') return false;
    const credited = await this.#step(tx, { ...deposit, creditedAt: this.clock.now() }, 'credit');
    await this.ledger.post(tx, creditedTransfer(credited));
    await this.#tell(tx, credited, 'credited');
    return true;
  }

  /** Its block is not on the chain any more. */
  async blockGone(tx: Tx, chainId: string, block: BlockRef): Promise<void> {
    for (const deposit of await depositsInBlock(tx, chainId, block.hash)) {
      const next = afterDepositEvent(deposit.state, 'block_gone');
      if (next === undefined) continue;
      const gone = await this.#step(tx, deposit, 'block_gone');
      if (next === 'orphaned') await this.ledger.post(tx, orphanedTransfer(gone));
      else await this.#lose(tx, gone);
      await this.#tell(tx, gone, next);
    }
  }

  /** What was credited is gone from the chain: nothing of this asset leaves before people have looked. */
  async #lose(tx: Tx, deposit: Deposit): Promise<void> {
    await this.ledger.post(tx, lostTransfer(deposit));
    await haltAsset(tx, deposit.asset, `a credited deposit (${deposit.id}) was reorganised away`, this.clock.now());
  }

  async #shownAgain(tx: Tx, deposit: Deposit, block: BlockRef): Promise<void> {
    if (afterDepositEvent(deposit.state, 'shown_again') === undefined) return;
    const moved = { ...deposit, round: deposit.round + 1, height: block.height, blockHash: block.hash };
    const shown = await this.#step(tx, moved, 'shown_again');
    await this.ledger.post(tx, shown.state === 'seen' ? seenTransfer(shown) : foundTransfer(shown));
    await this.#tell(tx, shown, shown.state);
  }

  async #step(tx: Tx, deposit: Deposit, event: DepositEvent): Promise<Deposit> {
    const state = afterDepositEvent(deposit.state, event);
    if (state === undefined) throw new Error(`a deposit cannot ${event} from ${deposit.state}`);
    const next = { ...deposit, state };
    await updateDeposit(tx, next, { event, from: deposit.state, at: this.clock.now() });
    return next;
  }

  async #tell(tx: Tx, deposit: Deposit, what: string): Promise<void> {
    const { id, asset, amount, txid, customerId, ownerKind } = deposit;
    const payload = { depositId: id, customerId, ownerKind, asset, amount: formatAmount(amount, asset), txid };
    await this.events.append(tx, { type: `custody.deposit-${what}`, aggregate: 'deposit', aggregateId: id, payload });
    if (what === 'credited' && ownerKind === 'house') {
      await this.events.append(tx, {
        type: 'custody.house-deposit-credited',
        aggregate: 'deposit',
        aggregateId: id,
        payload,
      });
    }
  }
}
