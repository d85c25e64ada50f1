import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '@base/clock';
import { uuidV7 } from '@base/database';
import { Events } from '@base/events';
import { Refusal } from '@base/http';
import { account } from '@platform/ledger';
import { BUST_STATES, BUST_TABLE, type BustLeg, type BustState, type BustTransfer } from './bust.js';
import { bustLegs, type TradedSide } from './bust-legs.js';
import { type Gap } from './gaps.js';
import { type Bust, bustHistory, BustTrade, bustTransfersOf, findBust } from './index.js';
import { order, VenueBench } from './testing/index.js';

const DOLLAR = 100n;
const BITCOIN = 100_000_000n;
const [MAKER, CHECKER] = [uuidV7(), uuidV7()];
/** Of so many lots and at such a price that the cents do not come out even. */
const ODD = { quantity: 1_234_567n, price: 333_337 };

let bench: VenueBench;
let buyer: string;
let seller: string;
let buys: number;
let sells: number;
let busts: BustTrade;

beforeAll(async () => {
  bench = await VenueBench.open();
  bench.startSettler();
  buyer = await bench.customer({ USD: 100_000n * DOLLAR });
  seller = await bench.customer({ BTC: 5n * BITCOIN });
  await bench.move('in', buyer, 'USD', 90_000n * DOLLAR);
  await bench.moved('in', seller, 'BTC', 4n * BITCOIN);
  buys = await bench.engineAccount(buyer);
  sells = await bench.engineAccount(seller);
  const { database, logger } = bench;
  busts = new BustTrade(database, new Events({ database, clock: systemClock, logger }), systemClock);
});
afterAll(() => bench.close());

type Trade = Pick<Bust, 'sequence' | 'index'>;

/** The buyer rests, the seller takes. */
async function trade(terms: Partial<Parameters<typeof order>[0]> = ODD): Promise<Trade> {
  const last = await bench.exchange.do('gateway', [
    order({ account: buys, ...terms }),
    order({ account: sells, side: 'sell', ...terms }),
  ]);
  await bench.settledUpTo(last);
  return bench.database.one<Trade>(
    'SELECT sequence, event_index AS index FROM venue.fill WHERE sequence = $1 AND account = $2',
    [last, buys],
  );
}

const bust = (of: Trade): Promise<Bust> =>
  bench.database.transaction((tx) =>
    busts.run(tx, {
      ...of,
      id: uuidV7(),
      reason: 'a price that was a typing error',
      requestedBy: MAKER,
      approvedBy: CHECKER,
    }),
  );
const reached = (id: string, ...states: BustState[]): Promise<Bust> =>
  bench.eventually(async () => {
    const found = await findBust(bench.database, id);
    return found !== undefined && states.includes(found.state) ? found : undefined;
  });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof Refusal ? error.code : String(error)),
  );

/** What everybody whom the trade touched has on the exchange. */
const owned = async (): Promise<Record<string, bigint>> => ({
  buyerBtc: await bench.onExchange(buyer, 'BTC'),
  buyerUsd: await bench.onExchange(buyer, 'USD'),
  sellerBtc: await bench.onExchange(seller, 'BTC'),
  sellerUsd: await bench.onExchange(seller, 'USD'),
  fees: await bench.ledger.balance(account('exchange_fees', 'USD')),
  rounding: await bench.ledger.balance(account('exchange_rounding', 'USD')),
});

async function expectSound(): Promise<void> {
  const { totals } = await bench.ledger.trialBalance();
  expect(Object.values(totals).filter((total) => total !== 0n)).toEqual([]);
  const reconciliation = await bench.reconcile();
  expect(reconciliation?.differences).toEqual([]);
  expect(await bench.database.query('SELECT 1 FROM venue.unexplained')).toEqual([]);
}

test('a trade is taken back whole, fees and rounding included, and engine and ledger agree', async () => {
  const before = await owned();
  const traded = await trade();
  expect(await owned()).not.toEqual(before);
  const { id } = await bust(traded);
  await reached(id, 'busted');
  expect(await owned()).toEqual(before);
  await expectSound();
  // The fill stays what the engine told, and is marked.
  const fills = await bench.database.query<{ bust: string; quantity: bigint }>(
    'SELECT bust_id AS bust, quantity FROM venue.stated_fill WHERE sequence = $1',
    [traded.sequence],
  );
  expect(fills).toEqual([0, 1].map(() => ({ bust: id, quantity: ODD.quantity })));
  const period = { from: new Date(0), to: new Date(Date.now() + 60_000) };
  const { lines } = await bench.ledger.statement(account('exchange_available', 'BTC', buyer), period);
  expect(lines.slice(-2).map(({ kind, change }) => [kind, change])).toEqual([
    ['venue.trade', ODD.quantity],
    ['venue.bust', -ODD.quantity],
  ]);
  expect((await bustHistory(bench.database, id)).map(({ event, operatorId }) => [event, operatorId])).toEqual([
    ['request', MAKER],
    ['took', null],
    ['gave', null],
  ]);
  expect(await codeOf(bust(traded))).toBe('trade_busted');
});

test('who has not got it any more is named, and what was taken is given back or the rest taken later', async () => {
  const traded = await trade();
  const after = await owned();
  const gone = after['buyerBtc'] ?? 0n;
  await bench.moved('out', buyer, 'BTC', gone);
  const first = await bust(traded);
  expect(await codeOf(bust(traded))).toBe('bust_in_progress');
  await reached(first.id, 'short');
  const missing = (transfers: readonly BustTransfer[]) =>
    transfers.filter(({ state }) => state === 'refused').map(({ account: who, asset, amount, reason }) => ({ who, asset, amount, reason })); // prettier-ignore
  expect(missing(await bustTransfersOf(bench.database, first.id))).toEqual([
    { who: buys, asset: 'BTC', amount: ODD.quantity, reason: 'insufficient_funds' },
  ]);
  // Meanwhile what was taken is nobody's, and both books say so.
  await expectSound();
  expect(await bench.ledger.balance(account('exchange_bust', 'USD', first.id))).toBeGreaterThan(0n);
  await bench.database.transaction((tx) => busts.abandon(tx, first.id, MAKER));
  await reached(first.id, 'abandoned');
  expect(await owned()).toEqual({ ...after, buyerBtc: 0n });
  expect(await codeOf(bench.database.transaction((tx) => busts.retry(tx, first.id, MAKER)))).toBe('bust_not_so');

  const second = await bust(traded);
  await reached(second.id, 'short');
  await bench.database.transaction((tx) => busts.retry(tx, second.id, MAKER));
  await bench.eventually(async () => ((await findBust(bench.database, second.id))?.version === 4 ? true : undefined));
  await bench.moved('in', buyer, 'BTC', gone);
  await bench.database.transaction((tx) => busts.retry(tx, second.id, MAKER));
  await reached(second.id, 'busted');
  expect((await owned())['buyerBtc']).toBe(gone - ODD.quantity);
  expect((await bustTransfersOf(bench.database, second.id)).filter(({ attempt }) => attempt === 3)).toHaveLength(1);
  await expectSound();
});

test('A17: wherever the settler dies, each leg of a bust moves once', async () => {
  const gaps: readonly Gap[] = ['sending', 'sent', 'posted', 'settling'];
  for (const gap of gaps) {
    const before = await owned();
    const traded = await trade();
    await bench.stopSettlers();
    const { id } = await bust(traded);
    await bench.dieIn(gap);
    bench.startSettler();
    await reached(id, 'busted');
    expect([gap, await owned()]).toEqual([gap, before]);
  }
  await expectSound();
});

test('what is no trade, or no spot trade, is not taken back', async () => {
  expect(await codeOf(bust({ sequence: 1n, index: 0 }))).toBe('trade_unknown');
});

describe('the legs of a bust', () => {
  const [base, quote] = [
    { number: 1, code: 'BTC', scale: 8, unit: 1n },
    { number: 0, code: 'USD', scale: 2, unit: 1n },
  ] as const;
  const sum = (legs: readonly BustLeg[], of: (leg: BustLeg) => boolean): bigint =>
    legs.filter(of).reduce((total, { direction, amount }) => total + (direction === 'give' ? amount : -amount), 0n);

  test('come to nothing in each asset, and to each side the trade and its fee the other way round', () => {
    const amount = fc.bigInt({ min: 1n, max: 1n << 60n });
    fc.assert(
      fc.property(
        amount,
        amount,
        fc.bigInt({ min: -1n, max: 1n }),
        amount,
        fc.boolean(),
        (quantity, paid, left, fee, isOwn) => {
          const rebate = -(fee / 2n);
          const sides: TradedSide[] = [
            { account: 16, side: 'buy', quantity, notional: paid, fee: rebate },
            { account: isOwn ? 16 : 17, side: 'sell', quantity, notional: paid - left, fee },
          ];
          const legs = bustLegs(sides, { base, quote, lotUnits: 10n });
          for (const { code } of [base, quote]) expect(sum(legs, ({ asset }) => asset === code)).toBe(0n);
          expect(new Set(legs.map(({ account: who, asset }) => `${who} ${asset}`)).size).toBe(legs.length);
          if (isOwn) return;
          expect(sum(legs, ({ account: who, asset }) => who === 16 && asset === 'BTC')).toBe(-quantity * 10n);
          expect(sum(legs, ({ account: who, asset }) => who === 16 && asset === 'USD')).toBe(paid + rebate);
          expect(sum(legs, ({ account: who, asset }) => who === 17 && asset === 'USD')).toBe(fee - (paid - left));
        },
      ),
    );
  });

  test('every state is reached by the table and has an exit, or is over', () => {
    const reachable = new Set(Object.values(BUST_TABLE).flatMap((events) => Object.values(events)));
    expect(BUST_STATES.filter((state) => !reachable.has(state))).toEqual([]);
    expect(BUST_STATES.filter((state) => Object.keys(BUST_TABLE[state]).length === 0)).toEqual(['busted', 'abandoned']);
  });
});
