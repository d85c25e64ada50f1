/** What traders of a campaign do: small orders around one price, so that most of them trade with each other; by a seed. */

/** Listed and left alone by the sandbox's market maker. */
export const SYMBOL = 'ETH-BTC';
/** Digits of a quantity, which are lots here, and of a price. */
export const QUANTITY_SCALE = 8;
export const PRICE_SCALE = 5;

const MIDDLE = 4_000;
const SPREAD = 6;
const SMALLEST = 5;
const SIZES = 6;
const MOST_OPEN = 8;
const LOTS_OF_SIZE = 100_000n;
/** Who has bought so much more than sold, or sold than bought, only does the opposite. */
const LEANING_LOTS = 6_000_000;

/**
 * @typedef {{ kind: 'place', side: 'buy' | 'sell', quantity: string, price: string, isImmediate: boolean } | { kind: 'cancel' | 'replace', orderId: string, price: string }} Deed
 */

/**
 * @param {() => number} random
 * @param {import('./order-journal.mjs').OrderJournal} journal
 * @returns {Deed}
 */
export function nextDeed(random, journal) {
  const open = journal.open();
  const dice = random();
  const chosen = open[Math.floor(random() * open.length)];
  if (open[0] !== undefined && open.length >= MOST_OPEN)
    return { kind: 'cancel', orderId: open[0].orderId ?? '', price: '' };
  if (chosen !== undefined && dice > 0.9) return { kind: 'cancel', orderId: chosen.orderId ?? '', price: '' };
  if (chosen !== undefined && dice > 0.8)
    return { kind: 'replace', orderId: chosen.orderId ?? '', price: priceAt(MIDDLE + ticksAway(random, chosen.side)) };
  const side = random() < 0.5 - Number(journal.net) / LEANING_LOTS / 2 ? 'buy' : 'sell';
  const isImmediate = dice < 0.25;
  const ticks = ticksAway(random, side);
  const price = priceAt(MIDDLE + (isImmediate ? -ticks : ticks));
  return { kind: 'place', side, quantity: quantityOf(SMALLEST + Math.floor(random() * SIZES)), price, isImmediate };
}

/** Where nobody trades with it, so that it stays until it is taken back. */
export const farOrder = () => ({
  kind: /** @type {const} */ ('place'),
  side: /** @type {const} */ ('buy'),
  quantity: quantityOf(SMALLEST),
  price: priceAt(MIDDLE / 2),
  isImmediate: false,
});

/** Away from the middle on the side's own half, and sometimes a little across. */
const ticksAway = (random, side) => (Math.floor(random() * SPREAD) - 1) * (side === 'buy' ? -1 : 1);

const priceAt = (ticks) => `0.${String(ticks).padStart(PRICE_SCALE, '0')}`;
const quantityOf = (size) => `0.${String(BigInt(size) * LOTS_OF_SIZE).padStart(QUANTITY_SCALE, '0')}`;
