import { type EngineCommandDraft } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { inGap } from './gaps.js';
import { engineIdOf, type ExchangeTransfer } from './transfer.js';
import { advance, lockDueTransfers } from './transfers.js';

const MOST_AT_ONCE = 200;

/**
 * Hands moves to the engine: a credit for money that was taken from the customer's account, a debit for money that is to come back. That it
 * is about to be sent is written down first; what is not answered is sent again under the same id, which the engine carries out once.
 */
export class SendTransfers {
  #assets: ReadonlyMap<string, EngineAsset> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Sends what is due, and what was sent `resendMs` ago and has not been answered. Answers how many. */
  async run(send: (command: EngineCommandDraft) => void, resendMs: number): Promise<number> {
    this.#assets ??= new Map((await readEngineAssets(this.database)).map((asset) => [asset.code, asset]));
    const now = this.clock.now();
    const due = await this.database.transaction(async (tx) => {
      const transfers = await lockDueTransfers(tx, new Date(now.getTime() - resendMs), MOST_AT_ONCE);
      for (const transfer of transfers) await advance(tx, transfer, 'send', { at: now });
      return transfers;
    });
    for (const transfer of due) {
      inGap('sending');
      send(this.#commandOf(transfer));
      inGap('sent');
    }
    return due.length;
  }

  #commandOf({ id, account, asset: code, units, direction }: ExchangeTransfer): EngineCommandDraft {
    const asset = this.#assets?.get(code);
    if (asset === undefined) throw new Error(`the exchange does not trade ${code}`);
    const kind = direction === 'in' ? 'credit' : 'debit';
    return { kind, account, asset: asset.number, amount: units, ...engineIdOf(id) };
  }
}
