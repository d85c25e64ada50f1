import { type Tx } from '@base/database';
import { type Ledger } from '@platform/ledger';
import { type Applied } from './apply-card-payment.js';
import { claimPayout, insertPayout, payoutIdIn } from './card-payouts.js';
import { type PayoutSnapshot } from './card-processor.js';
import { type Chronicle } from './chronicle.js';
import { payoutFee, repoint, transferIds } from './journals.js';
import { Contradiction } from './refusals.js';
import { lockUnknownPayouts, setSuspenseItem } from './suspense-items.js';

/**
 * The processor says what it pays out and what it keeps. Its fee is booked now, its money when the bank has it; if the bank was first, the money waits in suspense and
 * is taken from there.
 */
export class ApplyPayout {
  constructor(
    private readonly ledger: Ledger,
    private readonly chronicle: Chronicle,
  ) {}

  /** @throws Contradiction */
  async run(tx: Tx, payout: PayoutSnapshot): Promise<Applied> {
    if (payout.gross !== payout.net + payout.fees || payout.fees < 0n) {
      throw new Contradiction(`payout ${payout.processorId} does not add up`);
    }
    const now = this.chronicle.now();
    if (!(await insertPayout(tx, payout, now))) return 'stale';
    const waiting = await lockUnknownPayouts(tx, { asset: payout.asset, amount: payout.net });
    const item = waiting.find(({ reference }) => payoutIdIn(reference) === payout.processorId);
    if (item !== undefined) {
      const line = { id: item.lineId, asset: item.asset, amount: item.amount };
      await claimPayout(tx, payout.processorId, line, transferIds.repoint(item.id));
      await setSuspenseItem(tx, item.id, { state: 'REPOINTED', now });
      await this.chronicle.moved(tx, { aggregate: 'suspense', id: item.id, event: 'repointed', from: 'OPEN', to: 'REPOINTED', note: payout.processorId }); // prettier-ignore
      await this.ledger.post(tx, repoint(item, null));
    }
    if (payout.fees > 0n) await this.ledger.post(tx, payoutFee(payout));
    return 'applied';
  }
}
