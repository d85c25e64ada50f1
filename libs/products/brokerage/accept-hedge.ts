import { type Clock } from '@base/clock';
import { type Tx } from '@base/database';
import { refuse } from '@base/http';
import { type Hedge } from './hedge-order.js';
import { advanceHedge, lockHedge } from './hedge-orders.js';

/**
 * The end of a hedge whose settled fills are not those that the venue answered with, once people have looked: the settled books count, as they do in every
 * position, and the asset is hedged again.
 * @throws Refusal `hedge_not_found`, `hedge_not_mismatched`
 */
export class AcceptHedge {
  constructor(private readonly clock: Clock) {}

  async run(tx: Tx, id: string, reason: string): Promise<Hedge> {
    const hedge = await lockHedge(tx, id);
    if (hedge === undefined) throw refuse('hedge_not_found', { status: 404, title: 'There is no such hedge' });
    if (!hedge.mismatched) {
      throw refuse('hedge_not_mismatched', {
        status: 409,
        title: 'This hedge ends by itself',
        detail: 'Only one whose settled fills are not those that the venue answered with needs a person.',
      });
    }
    return advanceHedge(tx, hedge, 'accept', { at: this.clock.now(), reason });
  }
}
