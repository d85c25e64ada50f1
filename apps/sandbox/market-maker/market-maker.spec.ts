import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { decimalOf } from './decimal.js';
import { MarketMaker } from './market-maker.js';
import { STRATEGIES, type Strategy } from './strategy.js';
import { FakeVenue } from './testing/fake-venue.js';

const strategy = STRATEGIES['BTC-USD'] as Strategy;
const WITHIN_MS = 60_000;

let venue: FakeVenue;
let maker: MarketMaker;

const start = (given: { takerSecret?: string } = {}): void => {
  maker = new MarketMaker({
    restUrl: `http://${venue.host}`,
    socketUrl: `ws://${venue.host}/ws`,
    priceUrls: [`ws://${venue.host}/prices`],
    makerSecret: 'maker',
    strategies: { 'BTC-USD': strategy },
    log: () => undefined,
    tickMs: 20,
    ...given,
  });
  maker.start();
};

async function until(what: string, isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + WITHIN_MS; !isSo(); await sleep(10))
    if (Date.now() > deadline) throw new Error(`waited for ${what}: ${JSON.stringify(maker.state)}`);
}
const isFull = (): boolean => venue.book.size === strategy.levels * 2;

beforeEach(async () => {
  venue = await FakeVenue.open();
});
afterEach(async () => {
  maker.stop();
  await venue.close();
});

describe('the market maker', () => {
  it('fills the book around the reference, and follows it when it moves', async () => {
    start();
    await until('a full book', isFull);
    expect(Math.max(...venue.prices('buy'))).toBe(59_970);
    expect(Math.min(...venue.prices('sell'))).toBe(60_030);
    const before = venue.requests;
    await sleep(200);
    expect(venue.requests).toBe(before);
    venue.price = '60100';
    await until('the book to follow', () => isFull() && Math.max(...venue.prices('buy')) > 60_000);
    expect(Math.min(...venue.prices('sell'))).toBeGreaterThan(60_100);
  });

  it('withdraws every quote when the price falls silent', async () => {
    start();
    await until('a full book', isFull);
    venue.price = undefined;
    await until('an empty book', () => venue.book.size === 0);
  });

  it('comes back by itself, with nothing left of the session before', async () => {
    start();
    await until('a full book', isFull);
    for (const socket of venue.sockets) socket.terminate();
    await until('an empty book', () => venue.book.size === 0);
    await until('a full book again', isFull);
    expect(new Set([...venue.book.values()].map(({ clientId }) => clientId)).size).toBe(strategy.levels * 2);
  });

  it('is taken from by somebody else, and makes good what was taken', async () => {
    start({ takerSecret: 'taker' });
    await until('a trade', () => maker.state.taken > 0);
    await until('a full book', isFull);
  });

  it('quotes what it can pay for: asks alone without dollars', async () => {
    venue.balances = { BTC: '8', USD: '0' };
    start();
    await until('asks', () => venue.prices('sell').length === strategy.levels);
    expect(venue.prices('buy')).toEqual([]);
    const offered = [...venue.book.values()].reduce((sum, { left }) => sum + left, 0);
    expect(decimalOf(offered.toFixed(8))).toBeLessThan(decimalOf('8'));
  });
});
