import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { LISTINGS, Market, STEP_MS } from './market.js';
import { PriceVenues } from './price-venues.js';
import { PPB, walkAt } from './walk.js';

const options = { seed: 'spec', name: 'BTC', stepPpb: 44_000n };
const START = Market.stepAt(Date.UTC(2026, 10, 24));

describe('the walk', () => {
  it('is a function of seed and step: another instance is on the same path', () => {
    const steps = [START, START + 1, START + 500_000, START + 3_000_000];
    expect(steps.map((step) => walkAt(options, step))).toEqual(steps.map((step) => walkAt({ ...options }, step)));
    expect(walkAt({ ...options, seed: 'other' }, START)).not.toBe(walkAt(options, START));
  });

  it('moves by its deviation each step, also across its knots, and 30 times that in 900 steps', () => {
    const deviation = (stride: number): bigint => {
      const moves = Array.from({ length: 400 }, (_, at) => {
        const step = START + at * stride;
        return walkAt(options, step + stride) - walkAt(options, step);
      });
      const mean = moves.reduce((sum, move) => sum + move * move, 0n) / BigInt(moves.length);
      return BigInt(Math.round(Math.sqrt(Number(mean)))); // a statistic of a test, not an amount
    };
    expect(deviation(1) > 37_000n && deviation(1) < 51_000n).toBe(true);
    expect(deviation(900) > 1_000_000n && deviation(900) < 1_700_000n).toBe(true);
    const knot = Math.ceil(START / 2 ** 20) * 2 ** 20;
    for (const at of [knot - 1, knot]) {
      const move = walkAt(options, at + 1) - walkAt(options, at);
      expect(move > -220_000n && move < 220_000n).toBe(true);
    }
  });

  it('stays near its anchor over a year', () => {
    for (let day = 0; day < 365; day += 1) {
      const at = walkAt(options, START + day * 432_000);
      expect(at > -PPB / 4n && at < PPB / 4n).toBe(true);
    }
  });
});

describe('the market', () => {
  it('lists positive decimal strings that hang together', () => {
    const prices = new Market('spec').pricesAt('alpha', START);
    expect(Object.keys(prices)).toEqual(Object.keys(LISTINGS));
    for (const text of Object.values(prices)) expect(text).toMatch(/^(?!0*\.?0*$)\d+\.\d{2,8}$/);
    const cross = Number(prices['ETH-USD']) / Number(prices['BTC-USD']);
    expect(Math.abs(Number(prices['ETH-BTC']) / cross - 1)).toBeLessThan(0.001);
  });

  it('a pinned price is exactly that at every venue', () => {
    const market = new Market('spec');
    market.setPrice('BTC', '60000', true, START);
    expect([market.pricesAt('alpha', START)['BTC-USD'], market.pricesAt('bravo', START + 9)['BTC-USD']]).toEqual([
      '60000.00',
      '60000.00',
    ]);
    market.jump('BTC', 200n, START);
    expect(Number(market.pricesAt('alpha', START)['BTC-USD'])).toBeCloseTo(61_200, -2);
    market.reset();
    expect(market.pricesAt('alpha', START)).toEqual(new Market('spec').pricesAt('alpha', START));
  });
});

describe('the venues', () => {
  let venues: PriceVenues;
  let port: number;
  const open: WebSocket[] = [];

  beforeEach(async () => {
    venues = new PriceVenues({ seed: 'spec', now: Date.now });
    port = await venues.listen(0);
  });
  afterEach(async () => {
    for (const socket of open.splice(0)) socket.terminate();
    await venues.close();
  });

  const connect = (venue: string): WebSocket => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/venues/${venue}`);
    open.push(socket);
    return socket;
  };
  const next = async (socket: WebSocket): Promise<{ sequence: number; prices: Record<string, string> }> => {
    const [data] = (await once(socket, 'message')) as [Buffer];
    return JSON.parse(data.toString()) as { sequence: number; prices: Record<string, string> };
  };
  const control = (body: object, type = 'application/json'): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/control`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: JSON.stringify(body),
    });

  it('stream each 200 ms, and a restarted source goes on where it was', async () => {
    const socket = connect('alpha');
    const [first, second] = [await next(socket), await next(socket)];
    expect(second.sequence).toBe(first.sequence + 1);
    await venues.close();
    venues = new PriceVenues({ seed: 'spec', now: Date.now });
    port = await venues.listen(0);
    const again = await next(connect('alpha'));
    expect(Math.abs(Number(again.prices['BTC-USD']) / Number(second.prices['BTC-USD']) - 1)).toBeLessThan(0.002);
  });

  it('freeze (silent but connected), resume, stop (cut and refused) one at a time', async () => {
    const [alpha, bravo] = [connect('alpha'), connect('bravo')];
    await Promise.all([next(alpha), next(bravo)]);
    await control({ action: 'freeze', venue: 'alpha' });
    let heard = 0;
    alpha.on('message', () => (heard += 1));
    await next(bravo);
    heard = 0;
    await next(bravo);
    await next(bravo);
    expect([heard, alpha.readyState]).toEqual([0, WebSocket.OPEN]);
    await control({ action: 'resume' });
    await next(alpha);
    const closed = once(alpha, 'close');
    await control({ action: 'stop', venue: 'alpha' });
    await closed;
    await expect(once(connect('alpha'), 'open')).rejects.toThrow('503');
    await next(bravo);
  });

  it('skew one venue only', async () => {
    await control({ action: 'price', asset: 'BTC', price: '60000', pinned: true });
    await control({ action: 'skew', venue: 'bravo', bps: 150 });
    const prices = (await (await fetch(`http://127.0.0.1:${port}/prices`)).json()) as Record<
      string,
      Record<string, string>
    >;
    expect([prices['alpha']?.['BTC-USD'], prices['bravo']?.['BTC-USD']]).toEqual(['60000.00', '60900.00']);
  });

  it('obey JSON only, and only commands they know', async () => {
    expect((await control({ action: 'reset' }, 'text/plain')).status).toBe(415);
    expect((await control({ action: 'explode' })).status).toBe(400);
    expect((await control({ action: 'price', asset: 'BTC', price: '0.00' })).status).toBe(400);
    expect((await control({ action: 'reset', more: 'x'.repeat(5_000) })).status).toBe(413);
  });

  it('steps have the length that clients are told', () => expect(STEP_MS).toBe(200));
});
