import { availableOf, holdings } from './balances.mjs';
import { eventually } from './outside.mjs';

const USD_IN = '2500.00';

/** Dollars by bank transfer: the reference tells us whose they are. */
export async function depositDollars(tour) {
  const { api, outside, say } = tour;
  const { reference, account } = await api.get('/v1/payments/deposit-instructions?asset=USD');
  const { account: from } = await outside.bank.post('/outside/accounts', { holder: 'Ada Example' });
  await outside.bank.post('/outside/wires', { from, amount: USD_IN, currency: 'USD', reference });
  say(`A wire of ${USD_IN} USD left the customer's bank`, { to: account, reference });
  await eventually('the bank credit', async () => (await availableOf(tour, 'USD')) === USD_IN);
  say('The dollars are credited', await holdings(tour));
}
