import { eventually } from './outside.mjs';
import { availableOf } from './balances.mjs';
import { expectEqual } from './tour.mjs';

const BTC_OUT = '0.02000000';
const ENDED_BADLY = ['rejected', 'expired', 'cancelled', 'replaced', 'failed_onchain'];

/**
 * Bitcoin to an outside address: held, signed, broadcast, mined, settled; and the chain is asked whether it arrived.
 * @param {import('./tour.mjs').Tour} tour
 */
export async function withdrawBitcoin(tour) {
  const { api, outside, say } = tour;
  const destination = await outside.bitcoin('sandbox_newaddress');
  const asked = await api.post('/v1/withdrawals', { asset: 'BTC', destination, amount: BTC_OUT });
  say(`Asked for ${BTC_OUT} BTC to be sent`, { withdrawal: asked.id, to: destination, fee: `${asked.fee} BTC` });
  const settled = await eventually(`withdrawal ${asked.id} settled`, async () => {
    const now = await api.get(`/v1/withdrawals/${asked.id}`);
    if (ENDED_BADLY.includes(now.state)) throw new Error(`withdrawal ${asked.id} ended as ${now.state}`);
    if (now.state === 'settled') return now;
    await outside.bitcoin('sandbox_mine', 1);
    return undefined;
  });
  const { confirmed } = await outside.bitcoin('sandbox_balance', destination);
  expectEqual('what arrived at the destination', Number(confirmed), Number(BTC_OUT));
  say('The bitcoin arrived', {
    transaction: settled.txid,
    confirmations: settled.confirmations,
    receipt: settled.history.map(({ state }) => state).join(' → '),
    available: `${await availableOf(tour, 'BTC')} BTC`,
  });
}
