import { type EngineCommandDraft } from '@core/contracts';
import { type Clock } from '@base/clock';
import { type Database } from '@base/database';
import { lockDueBustTransfers, noteBustTransfersSent } from './busts.js';
import { type EngineAsset, readEngineAssets } from './engine-asset.js';
import { inGap } from './gaps.js';
import { engineIdOf } from './transfer.js';

const MOST_AT_ONCE = 100;

/** Hands the legs of busts to the engine, as `SendTransfers` does with moves: written down first, and again under the same id until answered. */
export class SendBustLegs {
  #assets: ReadonlyMap<string, EngineAsset> | undefined;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Sends what is due, and what was sent `resendMs` ago and has not been answered. Answers how many. */
  async run(send: (command: EngineCommandDraft) => void, resendMs: number): Promise<number> {
    this.#assets ??= new Map((await readEngineAssets(this.database)).map((asset) => [asset.code, asset]));
    const assets = this.#assets;
    const now = this.clock.now();
    const due = await this.database.transaction(async (tx) => {
      const transfers = await lockDueBustTransfers(tx, new Date(now.getTime() - resendMs), MOST_AT_ONCE);
      if (transfers.length > 0) await noteBustTransfersSent(tx, transfers.map(({ id }) => id), now); // prettier-ignore
      return transfers;
    });
    for (const { id, account, asset: code, units, purpose } of due) {
      const asset = assets.get(code);
      if (asset === undefined) throw new Error(`the exchange does not trade ${code}`);
      inGap('sending');
      const kind = purpose === 'take' ? 'debit' : 'credit';
      send({ kind, account, asset: asset.number, amount: units, ...engineIdOf(id) });
      inGap('sent');
    }
    return due.length;
  }
}
