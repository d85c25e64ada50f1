/**
 * Acceptance of the FIX door by a client that nobody here wrote: QuickFIX with its stock dictionary, against a gateway in a process of its own
 * on a real exchange. Whatever QuickFIX does not take, it rejects, and the last test finds no reject.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FixGateway } from '../fix/testing/fix-gateway.js';
import { prepareQuickFix, type QuickFixFiles } from '../fix/testing/quickfix/prepare-quickfix.js';
import { type Fields, QuickFixClient } from '../fix/testing/quickfix/quickfix-client.js';
import { openRoom, type Room, type RoomTrader } from '../testing/index.js';

const files = prepareQuickFix('apps/gateway/test/fix.spec.ts: the FIX door with QuickFIX');

test('the client is QuickFIX itself, or it has been said that it could not be had', () => {
  expect(files?.dictionary ?? 'FIX44 left out').toMatch(/FIX44/);
});

if (files !== undefined) describe('the FIX door and QuickFIX', () => acceptance(files));

function acceptance(quickFix: QuickFixFiles): void {
  let room: Room;
  let gateway: FixGateway;
  let alice: RoomTrader;
  let bob: RoomTrader;
  let maker: QuickFixClient;
  let taker: QuickFixClient;
  const clients: QuickFixClient[] = [];

  function client(trader: RoomTrader, compId: string, secret = trader.keys.trade.secret): QuickFixClient {
    const made = new QuickFixClient(quickFix, { compId, username: trader.keys.trade.keyId, password: secret });
    clients.push(made);
    return made;
  }

  beforeAll(async () => {
    room = await openRoom();
    [alice, bob] = await Promise.all([room.trader(), room.trader()]);
    const { bench } = room;
    gateway = new FixGateway({
      databaseUrl: bench.books.database.appUrl.reveal(),
      exchangeSocket: bench.exchange.address.path,
    });
    await gateway.start();
    maker = client(alice, 'ALICE');
    taker = client(bob, 'BOB');
    await Promise.all([maker.logOn(gateway.port), taker.logOn(gateway.port)]);
  }, 120_000);

  afterAll(async () => {
    await Promise.all(clients.map((it) => it.dispose()));
    await gateway.kill();
    await room.close();
  });

  const now = (): string => {
    const iso = new Date().toISOString();
    return `${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 23)}`;
  };
  const order = (id: string, side: '1' | '2', quantity: string, price: string): string[] => [
    '35=D', `11=${id}`, '55=BTC-USD', `54=${side}`, `60=${now()}`, '40=2', `38=${quantity}`, `44=${price}`, '59=1',
  ]; // prettier-ignore
  const change = (type: 'F' | 'G', of: string, id: string, ...more: string[]): string[] => [
    `35=${type}`, `41=${of}`, `11=${id}`, '55=BTC-USD', '54=2', `60=${now()}`, ...more,
  ]; // prettier-ignore
  const about = (id: string) => (fields: Fields) => fields.get(11) === id;

  test('an order rests, another trades with it, and both sides are told of the same trade', async () => {
    maker.send(...order('m1', '2', '0.02', '30000'));
    const accepted = await maker.report('0');
    expect(accepted.pick(11, 39, 55, 54, 38, 44, 40, 59, 151, 14, 6)).toEqual({ 11: 'm1', 39: '0', 55: 'BTC-USD', 54: '2', 38: '0.02', 44: '30000', 40: '2', 59: '1', 151: '0.02', 14: '0', 6: '0' }); // prettier-ignore
    taker.send(...order('t1', '1', '0.005', '30100'));
    const taken = await taker.report('F');
    expect(taken.pick(11, 39, 32, 31, 14, 151, 6, 851, 13, 479, 12)).toEqual({ 11: 't1', 39: '2', 32: '0.005', 31: '30000', 14: '0.005', 151: '0', 6: '30000', 851: '2', 13: '3', 479: 'USD', 12: '0.3' }); // prettier-ignore
    const made = await maker.report('F');
    expect(made.pick(11, 39, 32, 151, 851)).toEqual({ 11: 'm1', 39: '1', 32: '0.005', 151: '0.015', 851: '1' });
    expect(made.get(527)).toBe(taken.get(527));
    expect(made.get(17)).not.toBe(taken.get(17));
  });

  test('an order is replaced and cancelled under new ids; what is unknown, too late or used before is refused', async () => {
    maker.send(...change('G', 'm1', 'm2', '40=2', '38=0.03', '44=30001'));
    expect((await maker.report('5')).pick(11, 41, 39, 38, 44, 151)).toEqual({ 11: 'm2', 41: 'm1', 39: '1', 38: '0.03', 44: '30001', 151: '0.025' }); // prettier-ignore
    maker.send('35=H', '11=m2', '55=BTC-USD', '54=2');
    expect((await maker.report('I')).pick(11, 39, 14)).toEqual({ 11: 'm2', 39: '1', 14: '0.005' });
    maker.send(...change('F', 'm2', 'm3'));
    expect((await maker.report('4')).pick(11, 41, 39, 151)).toEqual({ 11: 'm3', 41: 'm2', 39: '4', 151: '0' });
    maker.send(...change('F', 'm2', 'm4'));
    expect((await maker.app('9')).pick(11, 41, 39, 434, 102)).toEqual({
      11: 'm4',
      41: 'm2',
      39: '4',
      434: '1',
      102: '0',
    });
    maker.send(...change('G', 'nobody', 'm5', '40=2', '38=1', '44=1'));
    expect((await maker.app('9')).pick(37, 39, 434, 102)).toEqual({ 37: 'NONE', 39: '8', 434: '2', 102: '1' });
    maker.send(...order('m1', '2', '0.02', '30000'));
    expect((await maker.report('8')).pick(11, 39, 103)).toEqual({ 11: 'm1', 39: '8', 103: '6' });
    maker.send(...order('m6', '2', '0.02', '30000.01'));
    expect((await maker.report('8')).pick(11, 103)).toEqual({ 11: 'm6', 103: '99' });
    maker.send(...order('m7', '1', '999', '30000'));
    expect((await maker.report('8')).pick(11, 103)).toEqual({ 11: 'm7', 103: '3' });
    maker.send('35=D', '11=m8', '55=NO-SUCH', '54=1', `60=${now()}`, '40=2', '38=1', '44=1');
    expect((await maker.report('8')).pick(11, 103)).toEqual({ 11: 'm8', 103: '1' });
  });

  test('mass status and mass cancel: a report for each order, and one for all', async () => {
    for (const id of ['c1', 'c2']) maker.send(...order(id, '2', '0.01', '40000'));
    await maker.report('0', about('c2'));
    maker.send('35=AF', '584=s1', '585=7');
    expect((await maker.report('I', (it) => it.get(912) === 'N')).pick(584, 911)).toEqual({ 584: 's1', 911: '2' });
    await maker.report('I', (it) => it.get(912) === 'Y');
    maker.send('35=q', '11=c3', '530=1', '55=BTC-USD', `60=${now()}`);
    expect([(await maker.report('4')).get(11), (await maker.report('4')).get(11)].sort()).toEqual(['c1', 'c2']);
    expect((await maker.app('r')).pick(11, 530, 531, 533, 55)).toEqual({ 11: 'c3', 530: '1', 531: '1', 533: '2', 55: 'BTC-USD' }); // prettier-ignore
  });

  test('market data: a snapshot, then what is new, changed and gone, and trades', async () => {
    maker.send(...order('d1', '2', '0.01', '41000'));
    await maker.report('0');
    taker.send('35=V', '262=md', '263=1', '264=0', '265=1', '267=3', '269=0', '269=1', '269=2', '146=1', '55=BTC-USD');
    const snapshot = await taker.app('W');
    expect(snapshot.pick(262, 55, 268)).toEqual({ 262: 'md', 55: 'BTC-USD', 268: '2' });
    expect([snapshot.all(269), snapshot.all(270)]).toEqual([['1', '2'], ['41000', '30000']]); // prettier-ignore
    maker.send(...order('d2', '2', '0.02', '41000'));
    const changed = await taker.app('X');
    expect(changed.pick(279, 269, 270, 271)).toEqual({ 279: '1', 269: '1', 270: '41000', 271: '0.03' });
    taker.send(...order('d3', '1', '0.03', '41000'));
    const gone = await taker.app('X', (it) => it.all(279).includes('2'));
    expect(gone.all(269)).toEqual(['1', '2', '2']);
    taker.send('35=V', '262=md', '263=2', '264=0', '267=1', '269=0', '146=1', '55=BTC-USD');
    taker.send('35=V', '262=no', '263=0', '264=0', '267=1', '269=0', '146=1', '55=NO-SUCH');
    expect((await taker.app('Y')).pick(262, 281)).toEqual({ 262: 'no', 281: '0' });
  });

  test('instruments and the account’s own trades can be asked for', async () => {
    taker.send('35=x', '320=l1', '559=4');
    const list = await taker.app('y');
    expect(list.pick(320, 560, 893)).toEqual({ 320: 'l1', 560: '0', 893: 'Y' });
    expect(list.all(55)).toContain('BTC-USD');
    taker.send('35=AD', '568=r1', '569=1', '55=BTC-USD', '263=0');
    const acknowledged = await taker.app('AQ');
    expect(acknowledged.pick(568, 749, 750)).toEqual({ 568: 'r1', 749: '0', 750: '0' });
    const newest = await taker.app('AE');
    expect(newest.pick(568, 55, 54, 150, 570)).toEqual({ 568: 'r1', 55: 'BTC-USD', 54: '1', 150: 'F', 570: 'N' });
    const [fill] = taker.all('app', '8').filter((it) => it.get(17) === newest.get(17));
    expect(fill?.pick(527, 31, 32, 37)).toEqual(newest.pick(527, 31, 32, 37));
  });

  test('an order that came in by another door is told and can be cancelled here, and the other way round', async () => {
    await room.place(alice, { clientText: 'by-desk', side: 'sell', price: 450_000 });
    const told = await maker.report('0', about('by-desk'));
    maker.send(...change('F', 'by-desk', 'x1', `37=${told.get(37)}`));
    await maker.report('4', about('x1'));
    expect(room.venue.feed.order(BigInt(told.get(37) ?? 0))?.status).toBe('cancelled');
    maker.send(...order('by-fix', '2', '0.01', '45000'));
    const { orderId } = await room.until(() => room.venue.feed.orderByClientText(alice.account, 'by-fix') !== undefined).then(() => room.venue.feed.orderByClientText(alice.account, 'by-fix') ?? { orderId: 0n }); // prettier-ignore
    await room.venue.desk.cancel({ account: alice.account, by: { orderId } });
    expect((await maker.report('4', about('by-fix'))).get(37)).toBe(String(orderId));
    // Somebody else's order is unknown, like none.
    taker.send('35=H', `11=by-fix`, `37=${orderId}`, '55=BTC-USD', '54=2');
    expect((await taker.report('I')).pick(37, 39, 103)).toEqual({ 37: 'NONE', 39: '8', 103: '5' });
  });

  test('a gap in what the client sent is asked for, and everything is taken once', async () => {
    const asked = taker.all('admin', '2').length;
    taker.send(...order('g1', '1', '0.001', '1000'));
    const next = Number((await taker.next('sent', about('g1'))).get(34)) + 1;
    taker.command(`next-out ${next + 5}`);
    taker.send(...order('g2', '1', '0.001', '1000'));
    expect((await taker.next('admin', (it) => it.get(35) === '2')).get(7)).toBe(String(next));
    await taker.report('0', about('g2'));
    taker.send(...order('g3', '1', '0.001', '1000'));
    await taker.report('0', about('g3'));
    expect(taker.all('admin', '2')).toHaveLength(asked + 1);
    const accepted = taker.all('app', '8').filter((it) => it.get(150) === '0' && /^g\d$/.test(it.get(11) ?? ''));
    expect(accepted.map((it) => it.get(11))).toEqual(['g1', 'g2', 'g3']);
  });

  test('a gap in what the client got is sent again: the same numbers and ExecIDs, marked as possible duplicates', async () => {
    const before = taker.all('app', '8').slice(-2);
    taker.command(`next-in ${before[0]?.get(34)}`);
    taker.send('35=q', '11=g4', '530=7', `60=${now()}`);
    const again = [await taker.app('8', (it) => it.get(43) === 'Y'), await taker.app('8', (it) => it.get(43) === 'Y')];
    expect(again.map((it) => it.pick(34, 17, 11, 150))).toEqual(before.map((it) => it.pick(34, 17, 11, 150)));
    expect(again.map((it) => it.get(122))).toEqual(before.map((it) => it.get(52)));
    await taker.app('r');
  });

  test('fills while the client is away reach it when it comes back', async () => {
    maker.send(...order('a1', '2', '0.02', '31000'));
    await maker.report('0', about('a1'));
    await maker.kill();
    for (const id of ['a2', 'a3']) taker.send(...order(id, '1', '0.01', '31000'));
    await taker.report('F', about('a3'));
    await maker.logOn(gateway.port);
    const fills = [await maker.report('F'), await maker.report('F')];
    expect(fills.map((it) => it.pick(11, 43, 14, 39))).toEqual([
      { 11: 'a1', 43: 'Y', 14: '0.01', 39: '1' },
      { 11: 'a1', 43: 'Y', 14: '0.02', 39: '2' },
    ]);
  });

  test('a gateway is killed: what happened meanwhile is sent by the one that comes after it, and nothing twice', async () => {
    maker.send(...order('k1', '2', '0.02', '32000'));
    await maker.report('0', about('k1'));
    await gateway.kill();
    await maker.next('logout');
    await room.place(bob, { clientText: 'k2', price: 320_000, quantity: 500_000n });
    await gateway.start();
    const back = await maker.report('F', about('k1'));
    expect(back.pick(14, 39, 31)).toEqual({ 14: '0.005', 39: '1', 31: '32000' });
    maker.send(...change('F', 'k1', 'k3'));
    await maker.report('4', about('k3'));
    await taker.next('logon');
    for (const it of [maker, taker]) {
      const first = it.all('app', '8').filter((report) => report.get(43) !== 'Y' || report.get(11) === 'k1');
      const ids = first.filter((report) => report.get(150) !== 'I').map((report) => report.get(17));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('a wrong password, a wrong clock and a second logon are refused', async () => {
    const guess = client(alice, 'GUESS', 'a guess');
    await guess.connect(gateway.port);
    expect((await guess.next('admin', (it) => it.get(35) === '5')).get(58)).toMatch(/^Authentication failed/);
    const late = client(alice, 'LATE');
    await late.connect(gateway.port, [], ['skew -300']);
    expect((await late.next('admin', (it) => it.get(35) === '5')).get(58)).toMatch(/SendingTime/);
    const second = client(alice, 'ALICE');
    await second.connect(gateway.port);
    await second.next('sent', (it) => it.get(35) === 'A');
    await second.next('log', (it) => /disconnect|closed/i.test(it.text));
    for (const it of [guess, late, second]) expect(it.all('logon')).toEqual([]);
    maker.send('35=H', '11=k1', '55=BTC-USD', '54=2');
    await maker.report('I');
  });

  test('malformed messages are rejected by number and tag, unsupported ones by type; the session goes on', async () => {
    taker.send('35=D', '11=w1', '55=BTC-USD', '54=1', `60=${now()}`, '40=2', '38=abc', '44=1');
    expect((await taker.next('admin', (it) => it.get(35) === '3')).pick(371, 372, 373)).toEqual({ 371: '38', 372: 'D', 373: '6' }); // prettier-ignore
    taker.send('35=D', '11=w2', '55=BTC-USD', `60=${now()}`, '40=2', '38=1', '44=1');
    expect((await taker.next('admin', (it) => it.get(35) === '3')).pick(371, 373)).toEqual({ 371: '54', 373: '1' });
    taker.send('35=R', '131=q1', '146=1', '55=BTC-USD');
    expect((await taker.app('j')).pick(372, 380)).toEqual({ 372: 'R', 380: '3' });
    taker.send(...order('w3', '1', '0.001', '1000'));
    await taker.report('0', about('w3'));
  });

  test('QuickFIX has taken every message by its stock dictionary', () => {
    for (const it of clients) {
      expect(it.all('sent', '3').map(({ text }) => text)).toEqual([]);
      expect(it.all('sent', 'j').map(({ text }) => text)).toEqual([]);
    }
  });
}
