/** The brokerage's view of the book (`OwnBookSource`) against a real exchange behind a real gateway: what is a price, and what is none. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '@base/clock';
import { formatAmount, formatRate, parseRate } from '@core/money';
import { createLogger } from '@base/observability';
import { type Depth, type DepthLevel, OwnBookSource, type PriceListener, Prices } from '@platform/pricing';
import { ManualSources } from '@platform/pricing/testing';
import { type Door } from '../parts.js';
import { openSocketDoor } from '../socket/socket-door.js';
import { SOCKET_PATH } from '../socket/handshake.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';

const logger = createLogger('spec', 'silent');
/** Ticks of BTC-USD are ten cents, its lots satoshis. */
const [CENT_TICKS, BITCOIN] = [10, 100_000_000n];

let room: Room;
let maker: RoomTrader;
let other: RoomTrader;
let door: Door;
let source: OwnBookSource;
/** Of each pair: the last thing that was said, a price or why there is none. */
let said: Map<string, string>;
let depths: Map<string, Depth>;

const open = (port = 0): Promise<Door> => openSocketDoor(room.parts, { host: '127.0.0.1', port, heartbeatMs: 1_000 });

beforeAll(async () => {
  room = await openRoom({ fees: { makerPpm: 0, takerPpm: 0 } });
  maker = await room.trader({ USD: 100_000_000n, BTC: 10n * BITCOIN });
  other = await room.trader({ USD: 100_000_000n, BTC: 10n * BITCOIN });
});
afterAll(() => room.close());

beforeEach(async () => {
  door = await open();
  said = new Map();
  depths = new Map();
  const listener: PriceListener = {
    tick: ({ pair, price, depth }) => {
      said.set(pair, formatRate(price, 2, 'half-even'));
      if (depth) depths.set(pair, depth);
    },
    refused: (reason) => void said.set('refused', reason),
    withdrawn: (pair, why) => void said.set(pair, why),
  };
  source = new OwnBookSource({
    url: `ws://127.0.0.1:${door.port}${SOCKET_PATH}`,
    pairs: ['BTC-USD', 'ETH-USD', 'GBP-USD'],
    logger,
    rules: { minDepth: { USD: 100_000n }, nearBps: 100n },
  });
  source.start(listener);
});
afterEach(async () => {
  await source.stop();
  for (const { account } of [maker, other]) await room.venue.desk.cancelAll({ account });
  await door.close(100);
});

const says = (what: string, pair = 'BTC-USD'): Promise<true> =>
  room
    .until(() => said.get(pair) === what)
    .catch(() => Promise.reject(new Error(`${pair} is ${said.get(pair)}, not ${what}`)));
const rest = async (side: 'buy' | 'sell', dollars: number, quantity: bigint, who = maker): Promise<void> => {
  const outcome = await room.place(who, { side, price: dollars * CENT_TICKS, quantity });
  expect(outcome.kind).toBe('accepted');
};
const rows = (levels: readonly DepthLevel[] = []): string[] =>
  levels.map(({ price, quantity }) => `${formatAmount(quantity, 'BTC')} at ${formatRate(price, 1, 'half-even')}`);

/** A bitcoin on each side, ten dollars from 60,000. */
const liquid = async (): Promise<void> => {
  await rest('buy', 59_990, BITCOIN);
  await rest('sell', 60_010, BITCOIN);
  await says('60000.00');
};
const setState = (state: 'open' | 'halted' | 'pre-open'): Promise<number> =>
  room.bench.exchange.do('operator', [{ kind: 'set-state', instrument: 0, state }]);

describe('the own book as a price source', () => {
  it('has a price when both sides hold enough, which follows the book, and tells its depth', async () => {
    await says('one_sided');
    await rest('buy', 59_990, BITCOIN / 100n);
    await rest('sell', 60_010, BITCOIN / 100n);
    await says('thin');
    await rest('buy', 59_980, BITCOIN);
    await rest('sell', 60_010, BITCOIN);
    await says('59998.00');
    expect(rows(depths.get('BTC-USD')?.bids)).toEqual(['0.01000000 at 59990.0', '1.00000000 at 59980.0']);
    expect(rows(depths.get('BTC-USD')?.asks)).toEqual(['1.01000000 at 60010.0']);
    // Somebody buys all of it.
    await room.place(other, { side: 'buy', price: 60_010 * CENT_TICKS, quantity: (101n * BITCOIN) / 100n });
    await says('one_sided');
    await rest('sell', 60_400, BITCOIN);
    await says('60193.00');
  });

  it.each(['halted', 'pre-open'] as const)('has none while the instrument is %s', async (state) => {
    await liquid();
    await setState(state);
    await says('not_open');
    await setState('open');
    await says('60000.00');
  });

  it('has none of what the exchange does not list, nor of a market without orders', async () => {
    await says('not_listed', 'GBP-USD');
    await says('one_sided', 'ETH-USD');
  });

  it('has none while the gateway has lost the exchange, whose book it goes on showing', async () => {
    await liquid();
    room.hideExchange();
    await room.bench.exchange.kill();
    await says('venue_away');
    room.showExchange();
    await room.bench.exchange.start();
    await says('60000.00');
  });

  it('has none when the gateway is gone, and finds the next one, with the book as it is by then', async () => {
    await liquid();
    const { port } = door;
    await door.close(0);
    await says('disconnected');
    await room.venue.desk.cancelAll({ account: maker.account });
    await rest('buy', 59_900, BITCOIN);
    await rest('sell', 59_910, BITCOIN);
    door = await open(port);
    await says('59905.00');
  });

  it('is one of the sources of a firm price, once an external one agrees, and of none by itself', async () => {
    await liquid();
    const external = new ManualSources(['alpha']);
    const prices = new Prices({ pairs: ['BTC-USD'], sources: [...external.sources.slice(0, 1), source], clock: systemClock, logger }); // prettier-ignore
    await source.stop();
    prices.start();
    await room.until(() =>
      prices.standings('BTC-USD').some(({ kind, ageMs = Infinity }) => kind === 'own-book' && ageMs < 1_000),
    );
    expect(prices.firm('BTC-USD')).toBeUndefined();
    external.say('alpha', 'BTC-USD', '60030');
    expect(prices.firm('BTC-USD')).toMatchObject({
      mid: parseRate('60015', 'BTC', 'USD'),
      external: parseRate('60030', 'BTC', 'USD'),
      sources: [{ name: 'alpha' }, { name: 'own-book' }],
      ownBook: { bids: [{ quantity: BITCOIN }], asks: [{ quantity: BITCOIN }] },
    });
    external.say('alpha', 'BTC-USD', '61000');
    expect(prices.firm('BTC-USD')).toBeUndefined();
    expect(prices.standings('BTC-USD').map(({ standing }) => standing)).toEqual(['left_out', 'left_out']);
    await prices.stop();
  });
});
