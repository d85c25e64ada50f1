import { eventually } from './outside.mjs';
import { available } from './tour.mjs';

const WIRED = '2000.00';
const CARD = { number: '4242424242424242', expiryMonth: '12', expiryYear: '2090', cvc: '123' };

/**
 * Dollars by bank transfer: the payer writes the customer's reference on it, and the bank tells us.
 * @param {import('./tour.mjs').Tour} tour
 */
export async function depositDollars({ api, outside, say }) {
  const { reference, account, shown } = await api.get('/v1/payments/deposit-instructions?asset=USD');
  say('Asked where to send dollars to', { account, reference: shown });

  const payer = await outside.bank.post('/outside/accounts', { holder: 'Ada Lovelace' });
  await outside.bank.post('/outside/wires', { from: payer.account, amount: WIRED, currency: 'USD', reference });
  say(`Sent ${WIRED} USD from a bank account outside`, { from: payer.account });

  await eventually('the dollars', async () => (await available(api, 'USD')) === WIRED);
  say('The bank’s webhook came, and the money is there', { available: `${WIRED} USD` });
}

/**
 * What a cardholder does on the processor's page: gives the card, then approves the payment (3-D Secure).
 * @param {string} page
 */
export async function payOnPage(page) {
  await postForm(page, CARD);
  await postForm(page, { outcome: 'approve' });
}

async function postForm(page, fields) {
  const response = await fetch(page, {
    method: 'POST',
    headers: { accept: 'application/json' },
    body: new URLSearchParams(fields),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`the card processor's page answered ${response.status}: ${await response.text()}`);
}
