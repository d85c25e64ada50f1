/** The campaign at the exchange is worth what its checks are: each planted fault is found, and a true history has none. */
import { describe, expect, test } from '@jest/globals';
import { beyondHighestPlace, compareAmounts, compareOrders, compareSequences } from './compare.mjs';
import { OrderJournal } from './order-journal.mjs';
import { namedRandoms, seededRandom, shuffled } from './seeded-random.mjs';
import { nextDeed } from './trading-habits.mjs';

const accepted = {
  execId: '100',
  position: 100n,
  id: 'a-1',
  orderId: '7',
  kind: 'accepted',
  filled: 0n,
  isOver: false,
} as const;
const fillOf = (execId: string, quantity: bigint) => ({ execId, orderId: '7', side: 'buy', quantity, price: '0.04', fee: '0' }) as const; // prettier-ignore
const fill = {
  execId: '110',
  position: 110n,
  orderId: '7',
  kind: 'fill',
  filled: 4n,
  isOver: false,
  fill: fillOf('110', 4n),
} as const;
const last = {
  execId: '120',
  position: 120n,
  orderId: '7',
  kind: 'fill',
  filled: 10n,
  isOver: true,
  fill: fillOf('120', 6n),
} as const;

type Report = Parameters<OrderJournal['take']>[0];

const told = (...reports: readonly Report[]): OrderJournal => {
  const journal = new OrderJournal('a');
  journal.sent({ id: 'a-1', side: 'buy' }, 0);
  for (const report of reports) journal.take(report);
  return journal;
};
const truth = new Map([['a-1', { orderId: '7', filled: 10n, isOpen: false }]]);

describe('a journal', () => {
  test('of a true history has no faults and knows how the order stands', () => {
    const journal = told(accepted, fill, last);
    expect(journal.faults).toEqual([]);
    expect(journal.byOrderId('7')).toMatchObject({ state: 'ended', filled: 10n });
    expect(journal.executions).toEqual(['100', '110', '120']);
    expect(journal.net).toBe(10n);
    expect(compareOrders(journal, truth, 'the engine')).toEqual([]);
  });

  test.each<readonly [string, readonly Report[], RegExp]>([
    ['a gap: a fill that was not told', [accepted, last], /had 0 filled; fill 120 of 6 makes it 10/],
    ['a gap: an acceptance that was not told', [fill], /not acknowledged before/],
    ['a report told twice', [accepted, fill, fill, last], /110 came twice/],
    ['the same fill under another id', [accepted, fill, { ...fill, execId: '111', position: 111n }], /makes it 4/],
    ['reports out of order', [accepted, last, fill], /110 came after 120/],
    ['a report after the end', [accepted, { ...fill, isOver: true }, last], /had ended/],
    ['a second acceptance', [accepted, { ...accepted, execId: '101', position: 101n }], /accepted twice/],
    ['an order of nobody', [{ ...accepted, id: 'a-2' }], /never sent/],
  ])('finds %s', (_, reports, fault) => {
    expect(told(...reports).faults.join('\n')).toMatch(fault);
  });

  test('finds a refusal of what was acknowledged, and takes no older answer for news', () => {
    const journal = told(accepted, fill);
    journal.stands({ id: 'a-1', orderId: '7', filled: 0n, isOver: false });
    expect(journal.byOrderId('7')).toMatchObject({ filled: 4n, state: 'open' });
    expect(journal.faults).toEqual([]);
    journal.refused('a-1');
    expect(journal.faults).toHaveLength(1);
  });

  test('finds an answer under another number, and lists each fill once however often it is asked for', () => {
    const journal = told(accepted);
    journal.listed(fillOf('110', 4n));
    journal.listed(fillOf('110', 4n));
    expect(journal.fills).toHaveLength(1);
    journal.stands({ id: 'a-1', orderId: '8', filled: 0n, isOver: false });
    expect(journal.faults).toHaveLength(1);
  });
});

describe('a comparison', () => {
  test.each<readonly [string, OrderJournal, typeof truth, RegExp]>([
    ['a lost acknowledged order', told(accepted, fill, last), new Map(), /acknowledged, and is not in the engine/],
    ['another fill than was told', told(accepted, fill), truth, /has 4 filled, in the engine 10/],
    ['an end that was not told', told(accepted, fill), new Map([['a-1', { orderId: '7', filled: 4n, isOpen: false }]]), /is open/], // prettier-ignore
    ['an order that nobody was told of', told(), truth, /nobody was told/],
    ['an order that was never sent', new OrderJournal('a'), truth, /never sent/],
  ])('of orders finds %s', (_, journal, so, fault) => {
    expect(compareOrders(journal, so, 'the engine').join('\n')).toMatch(fault);
  });

  test('of orders finds a refused one that is there', () => {
    const journal = told();
    journal.refused('a-1');
    expect(compareOrders(journal, truth, 'the engine')).toHaveLength(1);
  });

  test('of sequences finds what is missing, invented, twice and out of order', () => {
    const is = (...items: string[]): string[] => compareSequences('reports', items, ['1', '2', '3']);
    expect(is('1', '2', '3')).toEqual([]);
    expect(is('1', '3').join()).toMatch(/1 of 3 are missing: 2/);
    expect(is('1', '2', '3', '4').join()).toMatch(/not so: 4/);
    expect(is('1', '2', '2', '3').join()).toMatch(/1 came twice/);
    expect(is('1', '3', '2').join()).toMatch(/number 1 should be 2 and is 3/);
  });

  test('of amounts finds a wrong balance on either side, and none where nothing is zero', () => {
    const engine = new Map([['16 USD', 5n], ['17 USD', 0n]]); // prettier-ignore
    expect(compareAmounts('x', engine, new Map([['16 USD', 5n]]))).toEqual([]);
    expect(compareAmounts('x', engine, new Map([['16 USD', 6n]]))).toEqual(['x: 16 USD: 5 and 6']);
    expect(compareAmounts('x', engine, new Map())).toHaveLength(1);
    expect(compareAmounts('x', new Map(), engine)).toHaveLength(1);
  });

  test('of the event log drops repeats by the highest place of each partition, and nothing else', () => {
    const at = (partition: number, major: bigint, minor: bigint) => ({ partition, place: [major, minor] as const });
    const records = [at(0, 1n, 0n), at(1, 1n, 1n), at(0, 2n, 0n), at(0, 1n, 0n), at(0, 2n, 0n), at(0, 2n, 1n), at(1, 1n, 2n)]; // prettier-ignore
    const { first, repeats } = beyondHighestPlace(records);
    expect(first.map(({ partition, place }) => [partition, ...place])).toEqual([[0, 1n, 0n], [1, 1n, 1n], [0, 2n, 0n], [0, 2n, 1n], [1, 1n, 2n]]); // prettier-ignore
    expect(repeats).toBe(2);
  });
});

test('a campaign is repeated by its seed: the same victims, the same deeds', () => {
  const deeds = (): unknown[] => {
    const random = seededRandom(7);
    const journal = told(accepted);
    return [shuffled([1, 2, 3, 4, 5], random), ...Array.from({ length: 50 }, () => nextDeed(random, journal))];
  };
  expect(deeds()).toEqual(deeds());
  const first = (name: string): number => namedRandoms(7)(name)();
  expect(first('kills')).toBe(first('kills'));
  expect(new Set(['kills', 'ws1', 'ws2', 'fix1'].map(first)).size).toBe(4);
  expect([...(deeds()[0] as number[])].sort()).toEqual([1, 2, 3, 4, 5]);
});
