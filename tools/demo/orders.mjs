import { randomUUID } from 'node:crypto';
import { holdings } from './balances.mjs';
import { eventually } from './outside.mjs';

const ENDED_BADLY = ['FAILED', 'EXPIRED', 'CANCELLED', 'AWAITING_REPRICE', 'REFUNDED', 'REVERSED'];
/** A quote may run out while a process comes back, or prices may disagree for a moment: people then ask for another one. */
const ASK_AGAIN = ['quote_expired', 'quote_voided', 'quote_used', 'price_unavailable'];
const TEST_CARD = { number: '4242 4242 4242 4242', expiryMonth: '12', expiryYear: '2030', cvc: '123' };

/** @param {import('./tour.mjs').Tour} tour */
export async function buyInOneClick(tour) {
  const order = await orderOf(tour, { profile: 'BUY', from: 'USD', to: 'BTC', amount: '500.00' });
  await executed(tour, order, 'Bought bitcoin in one click');
}

/** @param {import('./tour.mjs').Tour} tour */
export async function buyByCard(tour) {
  const { api, outside, say } = tour;
  const order = await orderOf(tour, { profile: 'BUY', from: 'USD', to: 'BTC', amount: '100.00', method: 'CARD' });
  const { payment } = await eventually('the card page', async () => {
    const now = await api.get(`/v1/brokerage/orders/${order.id}`);
    return (now.payment?.url || now.state !== 'AWAITING_PAYMENT') && now;
  });
  if (payment?.url) {
    const shown = await fillIn(outside.card, payment.url, TEST_CARD);
    const paid =
      shown.status === 'requires_action' ? await fillIn(outside.card, payment.url, { outcome: 'approve' }) : shown;
    say('The cardholder gave the card and approved it at the bank', {
      payment: payment.paymentId,
      status: paid.status,
    });
  }
  await executed(tour, order, 'Bought bitcoin by card, with 3-D Secure');
}

/** @param {import('./tour.mjs').Tour} tour */
export async function sell(tour) {
  const order = await orderOf(tour, { profile: 'SELL', from: 'BTC', to: 'USD', amount: '0.00100000' });
  await executed(tour, order, 'Sold bitcoin');
}

/** @param {import('./tour.mjs').Tour} tour */
export async function swapToEther(tour) {
  const order = await orderOf(tour, { profile: 'SWAP_INTERNAL', from: 'BTC', to: 'ETH', amount: '0.00200000' });
  await executed(tour, order, 'Swapped bitcoin to ether');
}

/** Quote, then order and confirmation in one request. */
async function orderOf({ api, say }, request) {
  return eventually('an order', async () => {
    try {
      const quote = await api.post('/v1/brokerage/quotes', request);
      const order = await api.post('/v1/brokerage/orders', { quoteId: quote.id, confirm: true }, randomUUID());
      say(`Quoted ${quote.in.amount} ${quote.in.asset} for ${quote.out.amount} ${quote.out.asset}`, costsOf(quote));
      return order;
    } catch (error) {
      if (!ASK_AGAIN.includes(error.code)) throw error;
      return undefined;
    }
  });
}

const costsOf = (quote) => ({
  quote: quote.id,
  price: `${quote.price}, mid ${quote.mid} of ${quote.midSources.map(({ name }) => name).join(', ')}, valid ${quote.validMs / 1000} s`,
  spread: `${quote.spread.amount} ${quote.spread.asset} (${quote.spread.bps} bps)`,
  fee: quote.fees.map(({ amount, asset }) => `${amount} ${asset}`).join(', '),
  network: `${quote.networkFee.amount} ${quote.networkFee.asset}`,
  'all in': `${quote.allInBps} bps`,
});

async function executed(tour, order, what) {
  const { api, say } = tour;
  const done = await eventually(`order ${order.id} executed`, async () => {
    const now = await api.get(`/v1/brokerage/orders/${order.id}`);
    if (ENDED_BADLY.includes(now.state)) throw new Error(`order ${order.id} ended as ${now.state}: ${now.reason}`);
    return ['EXECUTED', 'SETTLED'].includes(now.state) && now;
  });
  const { sha256 } = await api.get(`/v1/brokerage/orders/${order.id}/receipt`);
  say(what, {
    order: done.id,
    received: `${done.out.amount} ${done.out.asset}`,
    receipt: sha256,
    ...(await holdings(tour)),
  });
}

/** What a browser does with a form of the processor's page. */
async function fillIn(card, url, fields) {
  const { pathname } = new URL(url);
  return card.post(pathname, fields);
}
