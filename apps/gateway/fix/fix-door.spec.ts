import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash, createHmac, randomUUID } from 'node:crypto';
import { systemClock } from '@base/clock';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { type Access, type Trader } from '../access/access.js';
import { type Door } from '../parts.js';
import { openFixDoor } from './fix-door.js';
import { FixBody, type FixMessage } from './fix-message.js';
import { type FixSettings } from './fix-settings.js';
import { formatTimestamp } from './fix-time.js';
import { FixClient } from './testing/fix-client.js';
import { selfSigned } from './testing/self-signed.js';
import { ToyVenue } from './testing/toy-venue.js';

const trader = (customerId: string, account: number, more: Partial<Trader> = {}): Trader => ({
  customerId,
  account,
  keyId: `key-${account}`,
  scopes: ['view', 'trade'],
  isFrozen: false,
  ...more,
});

/** Two customers, whose secrets are their keys' names backwards. */
class SpecAccess implements Access {
  readonly #mine = randomUUID();
  readonly traders = new Map([
    ['mine', trader(this.#mine, 16)],
    ['hers', trader(randomUUID(), 17)],
    ['looker', trader(this.#mine, 16, { keyId: 'looker', scopes: ['view'] })],
  ]);
  readonly #listeners = new Map<string, (now: Trader | undefined) => void>();

  byToken = (): Promise<undefined> => Promise.resolve(undefined);
  byKey = (keyId: string, secret: string): Promise<Trader | undefined> =>
    Promise.resolve(secret === secretOf(keyId) ? this.traders.get(keyId) : undefined);
  byProof = (keyId: string, isProven: (hash: Buffer) => boolean): Promise<Trader | undefined> =>
    Promise.resolve(
      isProven(createHash('sha256').update(secretOf(keyId)).digest()) ? this.traders.get(keyId) : undefined,
    );
  onChanged(keyId: string, listener: (now: Trader | undefined) => void): () => void {
    this.#listeners.set(keyId, listener);
    return () => this.#listeners.delete(keyId);
  }
  revoke = (keyId: string): void => this.#listeners.get(keyId)?.(undefined);
}
const secretOf = (keyId: string): string => [...keyId].reverse().join('');

let database: TestDatabase;
let venue: ToyVenue;
let access: SpecAccess;
let doors: Door[];
let clients: FixClient[];
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
beforeEach(() => {
  venue = new ToyVenue();
  access = new SpecAccess();
  doors = [];
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.socket.destroy();
  await Promise.all(doors.map((door) => door.close(100)));
});
afterAll(() => database.drop());

const freshName = (): string => `SPEC-${++count}`;
async function open(settings: Partial<FixSettings> = {}): Promise<Door> {
  const door = await openFixDoor(
    { desk: venue, feed: venue, access, database: database.app, clock: systemClock, logger: createLogger('spec', 'silent'), history: venue.history }, // prettier-ignore
    { port: 0, marketDataIntervalMs: 5, heldPatienceMs: 300, ...settings },
  );
  doors.push(door);
  return door;
}
async function connect(door: Door, compId: string): Promise<FixClient> {
  const client = await FixClient.open(door.port, compId);
  clients.push(client);
  return client;
}
async function logOn(
  door: Door,
  compId: string,
  more: { key?: string; seq?: number; body?: FixBody; at?: number } = {},
): Promise<FixClient> {
  const client = await connect(door, compId);
  client.seq = more.seq ?? 1;
  const key = more.key ?? 'mine';
  client.logOn(key, secretOf(key), more.body, more.at);
  await client.next('A');
  return client;
}
interface Proven {
  readonly compId: string;
  readonly seq: number;
  readonly at: number;
  readonly reset?: string;
  readonly cancel?: string;
}
/** A Logon whose proof is of `signed` and which says `said`. */
function proven(signed: Proven, said = signed): string {
  const key = createHash('sha256').update(secretOf('mine')).digest();
  const { compId, seq, at, reset = '', cancel = '' } = signed;
  const text = [formatTimestamp(at), compId, 'EXCHANGE', seq, reset, cancel].join('|');
  const proof = createHmac('sha256', key).update(text).digest('hex');
  const body = new FixBody().add(98, 0).add(108, 30).add(141, said.reset).add(95, proof.length).add(96, proof);
  return body.add(553, 'mine').add(20_001, said.cancel).toString();
}
const report = (client: FixClient, execType: string): Promise<FixMessage> =>
  client.next('8', (message) => message.get(150) === execType);
const pick = (message: FixMessage, ...tags: number[]): (string | undefined)[] => tags.map((tag) => message.get(tag));
const reports = (client: FixClient): FixMessage[] => client.got.filter(({ msgType }) => msgType === '8');

describe('logging on', () => {
  test('a wrong password gets a Logout that says so, never a Logon, and the numbers stay right for the next try', async () => {
    const door = await open();
    const compId = freshName();
    for (const seq of [1, 2]) {
      const wrong = await connect(door, compId);
      wrong.seq = seq;
      wrong.logOn('mine', 'guess');
      expect((await wrong.next('5')).get(58)).toMatch(/^Authentication failed/);
      await wrong.closed();
      expect(wrong.got).toHaveLength(1);
    }
    const right = await logOn(door, compId, { seq: 3 });
    // The client has counted two Logouts; a Logon with a lower number would end its session.
    expect(Number(right.got[0]?.get(34))).toBeGreaterThanOrEqual(3);
  });

  test('a proof stands for the password, for this one Logon', async () => {
    const door = await open();
    const compId = freshName();
    const prove = (client: FixClient, seq: number, signed = seq): void => {
      const at = Date.now();
      client.send('A', proven({ compId, seq: signed, at }), { seq, at });
    };
    const good = await connect(door, compId);
    prove(good, 1);
    await good.next('A');
    await good.drop();
    const copied = await connect(door, compId);
    prove(copied, 2, 1);
    await copied.next('5');
  });

  test('a Logon with a proof that somebody has overheard is of no use to him', async () => {
    const door = await open();
    const compId = freshName();
    const at = Date.now();
    const reset = { compId, seq: 1, at, reset: 'Y' };
    const say = async (body: string, more: { seq: number; at: number; isAgain?: boolean }): Promise<FixClient> => {
      const client = await connect(door, compId);
      client.send('A', body, more);
      return client;
    };
    const first = await say(proven(reset), { seq: 1, at });
    await first.next('A');
    await first.drop();
    const again = await say(proven(reset), { seq: 1, at });
    expect((await again.next('5')).get(58)).toMatch(/^SendingTime \(52\) of a proof must be later/);
    const later = { compId, seq: 2, at: at + 1 };
    const marked = await say(proven(later), { seq: 2, at: at + 1, isAgain: true });
    expect((await marked.next('5')).get(58)).toMatch(/possible duplicate/);
    for (const changed of [{ reset: 'Y' }, { cancel: 'Y' }]) {
      const other = await say(proven(later, { ...later, ...changed }), { seq: 2, at: at + 1 });
      expect((await other.next('5')).get(58)).toMatch(/^Authentication failed/);
    }
    const good = await say(proven({ ...later, reset: 'Y', seq: 1, cancel: 'N' }), { seq: 1, at: at + 1 });
    expect((await good.next('A')).get(141)).toBe('Y');
  });

  test('a CompID is its first customer’s, and one connection’s at a time', async () => {
    const door = await open();
    const compId = freshName();
    const first = await logOn(door, compId);
    const second = await connect(door, compId);
    second.seq = 2;
    second.logOn('mine', secretOf('mine'));
    await second.closed();
    expect(second.got).toEqual([]);
    await first.drop();
    const stranger = await connect(door, compId);
    stranger.logOn('hers', secretOf('hers'));
    expect((await stranger.next('5')).get(58)).toMatch(/^Authentication failed/);
  });

  test('a clock that is wrong, a first message that is no Logon, another TargetCompID: refused', async () => {
    const door = await open();
    const late = await connect(door, freshName());
    late.logOn('mine', secretOf('mine'), undefined, Date.now() - 180_000);
    expect((await late.next('5')).get(58)).toMatch(/SendingTime/);
    const rude = await connect(door, freshName());
    rude.order('x');
    await rude.closed();
    expect(rude.got).toEqual([]);
  });

  test('F10: who does not log on in time, says too much or only garbage is cut off', async () => {
    const door = await open({ logonTimeoutMs: 300 });
    const mute = await connect(door, freshName());
    const half = await connect(door, freshName());
    half.socket.write('8=FIX.4.4\x019=100\x0135=A\x01');
    const huge = await connect(door, freshName());
    huge.socket.write('8=FIX.4.4\x019=99999999\x0135=A\x01');
    const noise = await connect(door, freshName());
    noise.socket.write(Buffer.alloc(200_000, '8=FIX.4.4\x019=1\x01x\x0110=000\x01'));
    await Promise.all([mute, half, huge, noise].map((client) => client.closed()));
  });

  test('F10: who it is has to be known in time, and what comes of it later holds nothing', async () => {
    const door = await open({ logonTimeoutMs: 300, heldPatienceMs: 3_000 });
    const compId = freshName();
    let answer = (): void => undefined;
    const { byKey } = access;
    access.byKey = async (keyId, secret) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return byKey(keyId, secret);
    };
    const slow = await connect(door, compId);
    slow.logOn('mine', secretOf('mine'));
    await slow.closed();
    access.byKey = byKey;
    answer();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await logOn(door, compId)).got).toHaveLength(1);
  });

  test('with a key and a certificate the door speaks TLS alone', async () => {
    const tls = selfSigned('exchange');
    const door = await open({ tls, logonTimeoutMs: 300 });
    const client = await FixClient.open(door.port, freshName(), tls.cert);
    clients.push(client);
    client.logOn('mine', secretOf('mine'));
    await client.next('A');
    const plain = await connect(door, freshName());
    plain.logOn('mine', secretOf('mine'));
    await plain.closed();
    expect(plain.got).toEqual([]);
  });

  test('F9: a revoked key ends its session', async () => {
    const door = await open();
    const client = await logOn(door, freshName());
    access.revoke('key-16');
    expect((await client.next('5')).get(58)).toMatch(/not valid any more/);
  });
});

describe('orders', () => {
  test('an order is accepted, traded, replaced and cancelled, each report under the id that the client knows', async () => {
    const door = await open();
    const maker = await logOn(door, freshName());
    const taker = await logOn(door, freshName(), { key: 'hers' });
    maker.order('m1', { side: '2', quantity: '2' });
    const accepted = await report(maker, '0');
    expect(pick(accepted, 11, 39, 55, 54, 38, 44, 151, 14)).toEqual(['m1', '0', 'BTC-USD', '2', '2', '100', '2', '0']);
    taker.order('t1', { quantity: '0.5' });
    expect(pick(await report(taker, 'F'), 11, 39, 32, 31, 851, 13, 479)).toEqual([
      't1',
      '2',
      '0.5',
      '100',
      '2',
      '3',
      'USD',
    ]);
    const fill = await report(maker, 'F');
    expect(pick(fill, 11, 39, 151, 14, 6, 851)).toEqual(['m1', '1', '1.5', '0.5', '100', '1']);
    const now = formatTimestamp(Date.now());
    const terms = new FixBody().add(55, 'BTC-USD').add(54, '2').add(60, now);
    maker.send(
      'G',
      `${new FixBody().add(41, 'm1').add(11, 'm2').add(40, 2).add(38, 3).add(44, 101).toString()}${terms.toString()}`,
    );
    expect(pick(await report(maker, '5'), 11, 41, 39, 38, 44, 151)).toEqual(['m2', 'm1', '1', '3', '101', '2.5']);
    maker.send('F', `${new FixBody().add(41, 'm2').add(11, 'm3').toString()}${terms.toString()}`);
    expect(pick(await report(maker, '4'), 11, 41, 39, 151)).toEqual(['m3', 'm2', '4', '0']);
    maker.send('F', `${new FixBody().add(41, 'm2').add(11, 'm4').toString()}${terms.toString()}`);
    expect(pick(await maker.next('9'), 11, 41, 434, 102, 39)).toEqual(['m4', 'm2', '1', '0', '4']);
    maker.send('F', `${new FixBody().add(41, 'nothing').add(11, 'm5').toString()}${terms.toString()}`);
    expect(pick(await maker.next('9'), 37, 102, 39)).toEqual(['NONE', '1', '8']);
    maker.order('m1');
    expect(pick(await report(maker, '8'), 11, 103)).toEqual(['m1', '6']);
  });

  test('messages take effect in the order in which they were sent, whatever is looked up for each', async () => {
    const door = await open();
    const client = await logOn(door, freshName());
    const terms = new FixBody().add(55, 'BTC-USD').add(54, '1').add(60, formatTimestamp(Date.now()));
    client.order('a');
    client.send('F', `${new FixBody().add(41, 'a').add(11, 'b').toString()}${terms.toString()}`);
    client.order('c');
    client.send('q', new FixBody().add(11, 'd').add(530, 7).add(60, formatTimestamp(Date.now())));
    client.order('e');
    await client.next('8', (it) => it.get(11) === 'e');
    expect(reports(client).map((it) => `${it.get(150)} ${it.get(11)}`)).toEqual(['0 a', '4 b', '0 c', '4 c', '0 e']);
  });

  test('a key that may only look cannot trade, and is told what it asks', async () => {
    const door = await open();
    const client = await logOn(door, freshName(), { key: 'looker' });
    client.order('x');
    expect(pick(await client.next('j'), 372, 379, 380)).toEqual(['D', 'x', '6']);
    client.send('x', new FixBody().add(320, 's').add(559, 4));
    expect(pick(await client.next('y'), 560, 146, 55)).toEqual(['0', '1', 'BTC-USD']);
  });

  test('an answer that was lost is found: the order is placed once, and told once', async () => {
    const door = await open();
    const client = await logOn(door, freshName());
    venue.losing = { count: 1, isCarriedOut: true };
    client.order('lost-1');
    venue.losing.count = 1;
    await report(client, '0');
    venue.losing = { count: 1, isCarriedOut: false };
    client.order('lost-2');
    expect((await report(client, '0')).get(11)).toBe('lost-2');
    client.order('lost-1');
    await report(client, '8');
    expect(reports(client).map((it) => `${it.get(150)} ${it.get(11)}`)).toEqual(['0 lost-1', '0 lost-2', '8 lost-1']);
  });

  test('an order whose fate cannot be learnt is left to the next connection, which asks for it', async () => {
    const door = await open({ venuePatienceMs: 200 });
    const compId = freshName();
    const client = await logOn(door, compId);
    venue.isConnected = false;
    venue.losing = { count: 1, isCarriedOut: true };
    client.order('asked-again');
    await client.next('5');
    client.send('5', '');
    await client.closed();
    venue.isConnected = true;
    const again = await logOn(door, compId, { seq: 4 });
    expect((await again.next('2')).get(7)).toBe('2');
    again.order('asked-again', {}, 2);
    again.send('4', new FixBody().add(123, 'Y').add(36, 5), { seq: 3, isAgain: true });
    again.send('2', new FixBody().add(7, 2).add(16, 0));
    expect(pick(await report(again, '0'), 11, 43)).toEqual(['asked-again', 'Y']);
    expect([...venue.orders.values()]).toHaveLength(1);
  });

  test('a repetition whose name the database has lost is the order that there is', async () => {
    const door = await open();
    const compId = freshName();
    const client = await logOn(door, compId);
    for (const [id, repeat] of [
      ['resent', () => client.order('resent', { isPossResend: true })],
      ['again', () => client.order('again', {}, client.seq++)],
    ] as const) {
      client.order(id);
      await report(client, '0');
      await database.owner.query('DELETE FROM fix.client_order_id WHERE comp_id = $1', [compId]);
      repeat();
    }
    client.order('last');
    await client.next('8', (it) => it.get(11) === 'last');
    // What the stream tells and what is answered may stand either way round.
    const told = reports(client).map((it) => `${it.get(150)} ${it.get(11)}`);
    expect(told.sort()).toEqual(['0 again', '0 last', '0 resent', 'I resent']);
  });

  test('market data: a snapshot, then changes and deletions and trades', async () => {
    const door = await open();
    const client = await logOn(door, freshName());
    await venue.place({ account: 20, instrument: 0, clientText: 'x', side: 'sell', type: 'limit', timeInForce: 'gtc', quantity: 10_000n, price: 200_000 }); // prettier-ignore
    const request = (id: string, kind: string): string =>
      `262=${id}\x01263=${kind}\x01264=0\x01265=1\x01267=3\x01269=0\x01269=1\x01269=2\x01146=1\x0155=BTC-USD\x01`;
    client.send('V', request('md', '1'));
    const snapshot = await client.next('W');
    const price = snapshot.get(270);
    expect(pick(snapshot, 262, 55, 268, 269)).toEqual(['md', 'BTC-USD', '1', '1']);
    client.send('V', request('md', '1'));
    expect(pick(await client.next('Y'), 262, 281)).toEqual(['md', '1']);
    await venue.place({ account: 21, instrument: 0, clientText: 'y', side: 'buy', type: 'limit', timeInForce: 'gtc', quantity: 10_000n, price: 200_000 }); // prettier-ignore
    const update = await client.next('X');
    const entries = update.group(268, 279, new Set([279, 269, 55, 270, 271, 272, 273, 346])) ?? [];
    expect(entries.map((entry) => [entry.get(279), entry.get(269), entry.get(270)])).toEqual([['2', '1', price], ['0', '2', price]]); // prettier-ignore
    client.send('V', request('md', '2'));
  });
});

describe('what outlives a connection', () => {
  test('fills while away are numbered, and sent when the client asks for what it misses; asked again they are the same', async () => {
    const door = await open();
    const compId = freshName();
    const first = await logOn(door, compId);
    first.order('away', { side: '2', quantity: '3' });
    await report(first, '0');
    const expected = Number(first.got.at(-1)?.get(34)) + 1;
    await first.drop();
    const other = await logOn(door, freshName(), { key: 'hers' });
    other.order('t1', { quantity: '1' });
    other.order('t2', { quantity: '2' });
    await other.next('8', (it) => it.get(39) === '2' && it.get(11) === 't2');
    const again = await logOn(door, compId, { seq: 3 });
    expect(Number(again.got[0]?.get(34))).toBe(expected + 2);
    const ask = async (): Promise<FixMessage[]> => {
      again.send('2', new FixBody().add(7, expected).add(16, expected + 1));
      return [await report(again, 'F'), await report(again, 'F')];
    };
    const fills = await ask();
    expect(fills.map((fill) => pick(fill, 34, 43, 32, 14, 39))).toEqual([
      [`${expected}`, 'Y', '1', '1', '1'],
      [`${expected + 1}`, 'Y', '2', '3', '2'],
    ]);
    expect(fills[0]?.has(122)).toBe(true);
    expect((await ask()).map((fill) => pick(fill, 17, 34, 122))).toEqual(fills.map((fill) => pick(fill, 17, 34, 122)));
  });

  test('another gateway goes on where the first ended, out of history when its own memory begins later', async () => {
    const one = await open();
    const compId = freshName();
    const first = await logOn(one, compId);
    first.order('a', { side: '2', quantity: '2' });
    const accepted = await report(first, '0');
    await one.close(100);
    doors = [];
    await venue.place({ account: 30, instrument: 0, clientText: 'x', side: 'buy', type: 'limit', timeInForce: 'gtc', quantity: 10_000n, price: 100_000_000 }); // prettier-ignore
    const two = await open();
    await venue.place({ account: 30, instrument: 0, clientText: 'y', side: 'buy', type: 'limit', timeInForce: 'gtc', quantity: 10_000n, price: 100_000_000 }); // prettier-ignore
    const again = await logOn(two, compId, { seq: first.seq });
    const next = Number(first.got.at(-1)?.get(34)) + 1;
    again.send('2', new FixBody().add(7, next).add(16, 0));
    expect(pick(await report(again, 'F'), 11, 14, 37)).toEqual(['a', '1', accepted.get(37)]);
    expect(pick(await report(again, 'F'), 11, 14, 39)).toEqual(['a', '2', '2']);
    expect(reports(again)).toHaveLength(2);
  });

  test('what happened while the view was built anew is told after the next logon, whatever the session was doing', async () => {
    const door = await open();
    const compId = freshName();
    const first = await logOn(door, compId);
    first.order('a', { side: '2', quantity: '2' });
    await report(first, '0');
    venue.isMute = true;
    const buy = { account: 30, instrument: 0, side: 'buy', type: 'limit', timeInForce: 'gtc', quantity: 10_000n, price: 100_000_000 } as const; // prettier-ignore
    await venue.place({ ...buy, clientText: 'unheard' });
    venue.rebuild();
    expect((await first.next('5')).get(58)).toMatch(/read anew/);
    // Heard by the new view before the session has ended.
    await venue.place({ ...buy, clientText: 'heard' });
    first.send('5', '');
    await first.closed();
    const expected = Number(first.got.at(-1)?.get(34)) + 1;
    const again = await logOn(door, compId, { seq: first.seq });
    again.send('2', new FixBody().add(7, expected).add(16, 0));
    expect(pick(await report(again, 'F'), 11, 14, 39)).toEqual(['a', '1', '1']);
    expect(pick(await report(again, 'F'), 11, 14, 39)).toEqual(['a', '2', '2']);
  });

  test('who is known may wait for what happened, and who leaves meanwhile leaves nothing behind', async () => {
    let ahead = 0;
    const patience = { logonTimeoutMs: 300, catchUpPatienceMs: 4_000, heldPatienceMs: 3_000 };
    const door = await open({ ...patience, now: () => Date.now() + ahead });
    const compId = freshName();
    const first = await logOn(door, compId);
    first.order('a', { side: '2' });
    await report(first, '0');
    await first.drop();
    venue.isMute = true;
    await venue.cancelAll({ account: 16 });
    venue.settledThrough = venue.position.sequence - 1n;
    venue.rebuild();
    const comeBack = async (): Promise<FixClient> => {
      const client = await connect(door, compId);
      client.seq = 3;
      client.logOn('mine', secretOf('mine'), new FixBody().add(20_001, 'Y'));
      await new Promise((resolve) => setTimeout(resolve, 600));
      expect(client.isClosed).toBe(false);
      return client;
    };
    await (await comeBack()).drop();
    const patient = await comeBack();
    ahead = 200_000;
    venue.settledThrough = undefined;
    await patient.next('A');
    await patient.drop();
    await logOn(door, freshName(), { key: 'hers', at: Date.now() + ahead });
    // Who left has no session at the venue: the next one is the second.
    expect([venue.closedSessions, await venue.openSession()]).toEqual([[1], 2]);
  });

  test('a cancel that was not answered is known to the logon after one that failed, too', async () => {
    const door = await open({ venuePatienceMs: 100, catchUpPatienceMs: 100, heldPatienceMs: 3_000 });
    const compId = freshName();
    const client = await logOn(door, compId);
    client.order('a', { side: '2' });
    await report(client, '0');
    venue.isMute = true;
    venue.isConnected = false;
    venue.losing = { count: 1, isCarriedOut: true };
    const terms = new FixBody().add(55, 'BTC-USD').add(54, '2').add(60, formatTimestamp(Date.now()));
    client.send('F', `${new FixBody().add(41, 'a').add(11, 'b').toString()}${terms.toString()}`);
    await client.next('5');
    await client.drop();
    venue.settledThrough = venue.position.sequence - 1n;
    venue.isConnected = true;
    venue.rebuild();
    const failed = await connect(door, compId);
    failed.seq = 4;
    failed.logOn('mine', secretOf('mine'));
    expect((await failed.next('5')).get(58)).toMatch(/settlement is behind/);
    await failed.drop();
    venue.settledThrough = undefined;
    const again = await logOn(door, compId, { seq: 4 });
    again.send('2', new FixBody().add(7, 1).add(16, 0));
    expect(pick(await report(again, '4'), 11, 41)).toEqual(['b', 'a']);
  });

  test('a client that has the numbers reset gets what was never sent under new ones', async () => {
    const door = await open();
    const compId = freshName();
    const first = await logOn(door, compId);
    first.order('a', { side: '2' });
    await report(first, '0');
    await first.drop();
    await venue.cancelAll({ account: 16 });
    const again = await logOn(door, compId, { body: new FixBody().add(141, 'Y') });
    expect(pick(again.got[0] ?? (await again.next('A')), 34, 141)).toEqual(['1', 'Y']);
    expect(pick(await report(again, '4'), 34, 97, 11)).toEqual(['2', 'Y', 'a']);
  });

  test('F2: a session that asked for it loses its orders with its connection, and only such a one', async () => {
    const door = await open();
    const compId = freshName();
    const asking = await logOn(door, compId, { body: new FixBody().add(20_001, 'Y') });
    await asking.drop();
    const remembering = await logOn(door, compId, { seq: 2 });
    await remembering.drop();
    const other = await logOn(door, freshName());
    await other.drop();
    await logOn(door, compId, { seq: 3, body: new FixBody().add(20_001, 'N') });
    expect(venue.closedSessions).toEqual([1, 2]);
  });

  test('a flood is read no faster than may be, and loses nothing', async () => {
    const door = await open({ messagesPerSecond: 2_000, messageBurst: 20, inFlightMax: 8 });
    const client = await logOn(door, freshName());
    for (let n = 0; n < 200; n += 1) client.order(`f${n}`, { price: '1' });
    await client.next('8', (it) => it.get(11) === 'f199');
    expect(reports(client).map((it) => it.get(11))).toEqual(Array.from({ length: 200 }, (_, n) => `f${n}`));
  });

  test('who is not read at the moment is not taken for dead', async () => {
    let ahead = 0;
    const now = (): number => Date.now() + ahead;
    const door = await open({ messagesPerSecond: 10, messageBurst: 1, clockSkewMaxMs: 600_000, now });
    const client = await logOn(door, freshName());
    for (let n = 0; n < 10; n += 1) client.order(`f${n}`, { price: '1' });
    await client.next('8', (it) => it.get(11) === 'f9');
    client.order('late', { price: '1' });
    // Longer than a client with heartbeats of 30 s may be silent, and longer than it may leave a test request unanswered.
    for (const moment of [40_000, 80_000]) {
      ahead = moment;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await client.next('8', (it) => it.get(11) === 'late');
  });
});
