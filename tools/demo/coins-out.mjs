import { holdings } from './balances.mjs';
import { passBlocks } from './house.mjs';
import { eventually } from './outside.mjs';
import { expectEqual } from './tour.mjs';

const BTC_OUT = '0.02000000';
const ENDED_BADLY = ['REJECTED', 'EXPIRED', 'CANCELLED', 'FAILED', 'FAILED_ONCHAIN'];

/** Bitcoin to an outside address: held, signed, broadcast, mined, settled; and the chain is asked whether it arrived. */
export async function withdrawBitcoin(tour) {
  const { api, outside, say } = tour;
  const destination = await outside.bitcoin('sandbox_newaddress');
  const withdrawal = await api.post('/v1/withdrawals', { asset: 'BTC', destination, amount: BTC_OUT });
  say(`Asked for ${BTC_OUT} BTC to be sent`, { withdrawal: withdrawal.id, to: destination, fee: withdrawal.fee });
  const settled = await eventually(`withdrawal ${withdrawal.id} settled`, async () => {
    const now = await api.get(`/v1/withdrawals/${withdrawal.id}`);
    if (ENDED_BADLY.includes(now.state)) throw new Error(`withdrawal ${withdrawal.id} ended as ${now.state}`);
    if (now.state === 'SETTLED') return now;
    await passBlocks(outside);
    return undefined;
  });
  const { confirmed } = await outside.bitcoin('sandbox_balance', destination);
  expectEqual('what arrived at the destination', Number(confirmed), Number(BTC_OUT));
  say('The bitcoin has arrived', {
    transaction: settled.txid,
    confirmations: settled.confirmations,
    ...(await holdings(tour)),
  });
}
