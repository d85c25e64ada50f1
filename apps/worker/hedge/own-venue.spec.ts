import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { parseRate } from '@core/money';
import { type HedgeOrder } from '@products/brokerage';
import { order, VenueBench } from '@products/venue/testing';
import { MemberApi } from './member-api.js';
import { OwnVenue } from './own-venue.js';

const SECRET = 'a key of the house for specs';
const SYMBOL = { status: 'open', min_price_increment: 1, min_price_increment_scale: 1, lot_size: 1, lot_size_scale: 8, min_order_size: 50_000, min_order_size_scale: 8 }; // prettier-ignore
const HEDGE: HedgeOrder = {
  clientId: '00000000000000a1',
  pair: 'BTC-USD',
  side: 'BUY',
  asset: 'BTC',
  amount: 1_500_000n,
  limit: parseRate('30000.06', 'BTC', 'USD'),
};

let bench: VenueBench;
let gateway: Server;
let venue: OwnVenue;
let answers: Record<string, [number, string]>;
let asked: { readonly route: string; readonly key: unknown; readonly body: string }[];

beforeAll(async () => {
  bench = await VenueBench.open({ makerPpm: 0, takerPpm: 2_000 });
  bench.startSettler();
  gateway = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const route = `${method} ${url.split('?')[0] ?? ''}`;
      asked.push({ route: `${method} ${url}`, key: headers['x-api-token'], body: Buffer.concat(chunks).toString() });
      const [status, text] = answers[route] ?? [404, '{}'];
      response.writeHead(status).end(text);
    });
  });
  await new Promise<void>((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
  const parts = { database: bench.database, ledger: bench.ledger, clock: systemClock };
  venue = new OwnVenue(parts, new MemberApi(url, new Secret(SECRET)));
});
afterAll(async () => {
  await new Promise((resolve) => gateway.close(resolve));
  await bench.close();
});
beforeEach(() => {
  asked = [];
  answers = { 'GET /symbols/BTC-USD': [200, JSON.stringify(SYMBOL)], 'GET /orders': [200, '[]'] };
});

const told = (members: Record<string, unknown>): string =>
  JSON.stringify({ exOrdId: 77, ordStatus: 'FILLED', text: 'Fill', cumQty: 0.015, timestamp: 1_790_000_000_000, ...members }); // prettier-ignore
const FILLS = '[{"exOrdId":77,"tradeId":901,"price":30000,"qty":0.01,"fee":0.6},{"exOrdId":78,"tradeId":901,"price":30000,"qty":0.01,"fee":0.6},{"exOrdId":77,"tradeId":902,"price":30000.0,"qty":5e-3,"fee":-0.3}]'; // prettier-ignore

describe('the house’s orders at the exchange', () => {
  it('are immediate or cancel, within the limit on the venue’s ticks, and answered with their own fills', async () => {
    answers['POST /orders'] = [200, told({})];
    answers['GET /fills'] = [200, FILLS.replace('5e-3', '0.005')];
    const outcome = await venue.send(HEDGE);
    expect(outcome).toMatchObject({
      kind: 'ended',
      fills: [{ tradeId: '901', amount: 1_000_000n, fee: 60n }, { tradeId: '902', amount: 500_000n, fee: -30n }],
    }); // prettier-ignore
    const placed = asked.find(({ route }) => route === 'POST /orders');
    expect(placed?.key).toBe(SECRET);
    expect(JSON.parse(placed?.body ?? '')).toMatchObject({ clOrdId: HEDGE.clientId, timeInForce: 'IOC', price: '30000.0', orderQty: '0.01500000' }); // prettier-ignore
  });

  it('are unknown while the venue does not say, and found by their name when it refuses the second one', async () => {
    answers['POST /orders'] = [503, '{}'];
    answers['GET /orders'] = [503, '{}'];
    expect(await venue.send(HEDGE)).toMatchObject({ kind: 'unknown' });
    answers['GET /orders'] = [200, '[]'];
    expect(await venue.send(HEDGE)).toMatchObject({ kind: 'unknown' });
    answers['POST /orders'] = [200, told({ ordStatus: 'REJECTED', text: 'Duplicate', cumQty: 0 })];
    expect(await venue.send(HEDGE)).toEqual({ kind: 'refused', reason: 'Duplicate' });
    answers['GET /orders'] = [200, `[${told({ ordStatus: 'CANCELED', cumQty: 0.01 })}]`];
    answers['GET /fills'] = [200, '[]'];
    expect(await venue.send(HEDGE)).toMatchObject({ kind: 'unknown' });
    answers['GET /fills'] = [200, '[{"exOrdId":77,"tradeId":901,"price":30000,"qty":0.01,"fee":0.6}]'];
    expect(await venue.send(HEDGE)).toMatchObject({ kind: 'ended', fills: [{ amount: 1_000_000n }] });
  });

  it('are settled as the exchange’s own journal says, whatever a gateway answered', async () => {
    const house = await bench.customer({ USD: 2_000_000n });
    const other = await bench.customer({ BTC: 100_000_000n });
    await bench.database.transaction((tx) => venue.deposit(tx, { memberId: house, asset: 'USD', amount: 1_000_000n, key: 'hedge-1' })); // prettier-ignore
    await bench.moved('in', other, 'BTC', 100_000_000n);
    await bench.eventually(async () => ((await bench.onExchange(house, 'USD')) === 1_000_000n ? true : undefined));
    expect(await venue.settled(house, HEDGE)).toBeUndefined();

    const [buyer, seller] = [await bench.engineAccount(house), await bench.engineAccount(other)];
    const clientOrderId = BigInt(`0x${HEDGE.clientId}`);
    const last = await bench.exchange.do('gateway', [
      order({ account: seller, side: 'sell', quantity: 1_000_000n }),
      order({ account: seller, side: 'sell', quantity: 9_000_000n, price: 300_001 }),
      order({ account: buyer, quantity: 1_500_000n, price: 300_001, timeInForce: 'ioc', clientOrderId }),
    ]);
    await bench.settledUpTo(last);
    expect(await venue.settled(house, HEDGE)).toEqual(
      expect.arrayContaining([
        { tradeId: expect.any(String), amount: 1_000_000n, price: parseRate('30000', 'BTC', 'USD'), fee: 60n },
        { tradeId: expect.any(String), amount: 500_000n, price: parseRate('30000.1', 'BTC', 'USD'), fee: 31n },
      ]),
    );
    expect(await venue.settled(other, HEDGE)).toBeUndefined();

    const amount = await bench.onExchange(house, 'BTC');
    expect(amount).toBe(1_500_000n);
    const home = { memberId: house, asset: 'BTC', amount, key: 'hedge-home-1' } as const;
    for (let time = 0; time < 2; time += 1) await bench.database.transaction((tx) => venue.withdraw(tx, home));
    await bench.eventually(async () => ((await bench.available(house, 'BTC')) === amount ? true : undefined));
  });
});
