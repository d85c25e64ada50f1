import { type EngineEvent } from '@core/contracts';
import { type Tx } from '@base/database';
import { type Events } from '@base/events';
import { account, credit, debit, type Transfer } from '@platform/ledger';
import { type BustTransfer } from './bust.js';
import { answerBustTransfer, lockBust, lockBustTransfers } from './busts.js';
import { driveBust } from './drive-bust.js';
import { type EngineNames } from './engine-names.js';
import { transferIdOf } from './journals.js';
import { idOfEngine } from './transfer.js';

type Event<K extends EngineEvent['kind']> = Extract<EngineEvent, { kind: K }>;
type Moved = Event<'transfer-settled'> | Event<'transfer-rejected'>;

/** What a batch of the engine's events says of busts: their legs are known by their transfer ids. */
export class BustAnswers {
  readonly #touched = new Set<string>();

  private constructor(
    private readonly transfers: Map<string, BustTransfer>,
    private readonly names: EngineNames,
  ) {}

  static async lock(tx: Tx, ids: readonly string[], names: EngineNames): Promise<BustAnswers> {
    const transfers = await lockBustTransfers(tx, ids);
    await names.learnCustomers(tx, [...transfers.values()].map((transfer) => transfer.account)); // prettier-ignore
    return new BustAnswers(transfers, names);
  }

  /** Of a leg that the engine has moved: what the ledger posts. Undefined when it is none of ours. */
  async settle(tx: Tx, event: Event<'transfer-settled'>, at: Date): Promise<Transfer | undefined> {
    const transfer = this.#open(event);
    if (transfer === undefined) return undefined;
    await this.#answer(tx, transfer, { event, reason: null, at });
    const asset = this.names.asset(event.asset);
    const holder = this.names.account(transfer.account, asset);
    const between = account('exchange_bust', asset.code, transfer.bustId);
    const legs =
      transfer.purpose === 'take'
        ? [debit(holder, transfer.amount), credit(between, transfer.amount)]
        : [debit(between, transfer.amount), credit(holder, transfer.amount)];
    const meta = { sequence: String(event.sequence), index: event.origin, purpose: transfer.purpose };
    return { id: transferIdOf(event), kind: 'venue.bust', group: transfer.bustId, legs, meta };
  }

  async refuse(tx: Tx, event: Event<'transfer-rejected'>, at: Date): Promise<void> {
    const transfer = this.#open(event);
    if (transfer !== undefined) await this.#answer(tx, transfer, { event, reason: event.reason, at });
  }

  /** Takes each bust that was spoken of as far as it goes. */
  async drive(tx: Tx, events: Events, at: Date): Promise<void> {
    for (const id of [...this.#touched].sort()) await driveBust(tx, events, await lockBust(tx, id), at);
  }

  #open(event: Moved): BustTransfer | undefined {
    const transfer = this.transfers.get(idOfEngine(event));
    if (transfer === undefined || transfer.state === 'settled' || transfer.state === 'refused') return undefined;
    const isSame =
      transfer.account === event.account &&
      transfer.asset === this.names.asset(event.asset).code &&
      transfer.units === event.amount &&
      (transfer.purpose === 'take') === (event.direction === 'debit');
    return isSame ? transfer : undefined;
  }

  async #answer(
    tx: Tx,
    transfer: BustTransfer,
    { event, reason, at }: { event: Moved; reason: string | null; at: Date },
  ): Promise<void> {
    await answerBustTransfer(tx, transfer.id, { reason, sequence: event.sequence, index: event.origin }, at);
    this.transfers.set(transfer.id, { ...transfer, state: reason === null ? 'settled' : 'refused', reason });
    this.#touched.add(transfer.bustId);
  }
}
