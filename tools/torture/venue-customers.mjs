/** Customers who come to trade: signed up like everybody, with dollars from their bank, coins bought from the market maker, and a key. */
import { depositDollars } from '../demo/dollars-in.mjs';
import { eventually } from '../demo/outside.mjs';
import { PatientClient } from '../demo/patient-client.mjs';
import { signUp } from '../demo/sign-up.mjs';
import { beginTour } from '../demo/tour.mjs';
import { makeTradingKey, moveMoney } from '../demo/trader.mjs';

const DOLLARS = '2400.00';
const PURCHASES = [
  ['ETH-USD', 0.3],
  ['BTC-USD', 0.015],
];
export const PURCHASED = PURCHASES.map(([symbol]) => String(symbol));

/**
 * @typedef {object} VenueCustomer
 * @property {string} id
 * @property {{ id: string, secret: string }} key
 */

/**
 * @param {string} rest base of a gateway's REST door
 * @returns {Promise<VenueCustomer>} with ether and bitcoin on the exchange
 */
export async function enrol(rest) {
  const tour = { ...(await beginTour()), say: () => {} };
  await signUp(tour);
  await depositDollars(tour);
  await moveMoney(tour, 'in', [['USD', DOLLARS]]);
  const key = await makeTradingKey(tour);
  const exchange = new PatientClient(rest, { headers: { 'x-api-token': key.secret } });
  for (const [symbol, quantity] of PURCHASES) await buy(exchange, String(symbol), Number(quantity));
  const { id } = await tour.api.get('/v1/me');
  return { id, key: { id: key.id, secret: key.secret } };
}

/** Quotes are replaced all the time: what finds nobody is tried again. */
async function buy(exchange, symbol, quantity) {
  let bought = 0;
  await eventually(`${quantity} of ${symbol}`, async () => {
    const orderQty = (quantity - bought).toFixed(4);
    const order = await exchange.post('/orders', { clOrdId: `start-${Date.now()}`, ordType: 'MARKET', symbol, side: 'BUY', orderQty }); // prettier-ignore
    bought += order.cumQty;
    return quantity - bought < 0.005;
  });
}
