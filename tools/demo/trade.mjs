import { payOnPage } from './money-in.mjs';
import { eventually } from './outside.mjs';
import { available, expectEqual } from './tour.mjs';

const DONE = ['EXECUTED', 'SETTLED', 'FAILED', 'EXPIRED', 'CANCELLED', 'REFUNDED', 'REVERSED'];
const PAGE_WITHIN_MS = 60_000;

/** One click with money that is there. */
export async function buyFromBalance(tour) {
  const quote = await ask(tour, { profile: 'BUY', from: 'USD', to: 'BTC', amount: '500.00' });
  const order = await click(tour, quote);
  await executed(tour, order);
}

/**
 * By card: the order waits while the customer authenticates on the card processor's page.
 * @param {import('./tour.mjs').Tour} tour
 */
export async function buyByCard(tour) {
  const quote = await ask(tour, { profile: 'BUY', from: 'USD', to: 'BTC', amount: '100.00', method: 'CARD' });
  const order = await click(tour, quote);
  const page = await eventually(
    'the page of the card processor',
    async () => (await tour.api.get(`/v1/brokerage/orders/${order.id}`)).payment?.url,
    PAGE_WITHIN_MS,
  );
  await payOnPage(page);
  tour.say('Gave the card and approved the payment on the processor’s page (3-D Secure)');
  // The coins are there to trade; the order settles when the card's hold on their value ends.
  await executed(tour, order, 'EXECUTED');
}

export async function sell(tour) {
  const quote = await ask(tour, { profile: 'SELL', from: 'BTC', to: 'USD', amount: '0.00100000' });
  await executed(tour, await click(tour, quote));
}

export async function swap(tour) {
  const quote = await ask(tour, { profile: 'SWAP_INTERNAL', from: 'BTC', to: 'ETH', amount: '0.00200000' });
  await executed(tour, await click(tour, quote));
}

/** A firm price, with everything that it costs. */
async function ask({ api, say }, request) {
  const quote = await api.post('/v1/brokerage/quotes', request);
  say(`A firm price: ${text(quote.in)} for ${text(quote.out)}, paid ${wayOf(quote.method)}`, {
    mid: quote.mid,
    price: quote.price,
    spread: `${quote.spread.amount} ${quote.spread.asset}`,
    fees: quote.fees.map((fee) => `${fee.amount} ${fee.asset}`).join(', '),
    'all in': `${quote.allInBps} bps`,
    'valid for': `${quote.validMs / 1000} s`,
  });
  return quote;
}

async function click({ api, say }, quote) {
  const order = await api.post('/v1/brokerage/orders', { quoteId: quote.id, confirm: true });
  say('Confirmed with one click', { order: order.id, state: order.state });
  return order;
}

async function executed({ api, say }, { id }, state = 'SETTLED') {
  const order = await eventually(`the end of order ${id}`, async () => {
    const now = await api.get(`/v1/brokerage/orders/${id}`);
    return DONE.includes(now.state) && (now.state !== 'EXECUTED' || state === 'EXECUTED') && now;
  });
  expectEqual(`order ${id}`, order.state, state);
  const { sha256 } = await api.get(`/v1/brokerage/orders/${id}/receipt`);
  const asset = order.out.asset;
  const withdrawable = order.withdrawableAfter ? { 'leaves after': order.withdrawableAfter } : {};
  say(`Received ${text(order.out)}`, {
    available: `${await available(api, asset)} ${asset}`,
    receipt: sha256.slice(0, 16),
    ...withdrawable,
  });
}

const text = ({ amount, asset }) => `${amount} ${asset}`;
const wayOf = (method) => ({ FUNDS: 'from the balance', CARD: 'by card', BANK: 'by bank transfer' })[method];
