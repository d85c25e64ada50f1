import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createTestDatabase, type TestDatabase } from '@base/database/testing';
import { createLogger } from '@base/observability';
import { ClientOrderIds } from './client-order-ids.js';
import { HeldSession, type KeptMessage } from './held-session.js';
import { InboundProgress } from './inbound-progress.js';
import { type Binding, ORDER_IDS_KEPT_MS, SessionStore } from './session-store.js';

const CUSTOMER = '0190a000-0000-7000-8000-000000000001';
const OTHER = '0190a000-0000-7000-8000-000000000002';
const logger = createLogger('spec', 'silent');
const nobody = (): void => undefined;

let database: TestDatabase;
let stores: SessionStore[] = [];
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()));
  await database.drop();
});

const open = async (): Promise<SessionStore> => {
  const store = await SessionStore.open(database.app, logger);
  stores.push(store);
  return store;
};
const shut = async (store: SessionStore): Promise<void> => {
  stores = stores.filter((it) => it !== store);
  await store.close();
};
const binding = (compId: string, more: Partial<Binding> = {}): Binding => ({
  compId,
  customerId: CUSTOMER,
  account: 16,
  position: { sequence: 5n, index: 1 },
  positionTime: 1_000n,
  openOrders: new Map(),
  nextOut: 1,
  at: new Date(0),
  ...more,
});
const freshName = (): string => `MAKER-${++count}`;
const message = (seq: number, more: Partial<KeptMessage> = {}): KeptMessage => ({
  seq,
  msgType: '8',
  body: `58=${seq}\x01`,
  madeAt: 1_700_000_000_000 + seq,
  isStored: true,
  ...more,
});
async function taken(store: SessionStore, compId: string, lost = nobody): Promise<HeldSession> {
  const customerId = (await ownerOf(compId)) ?? CUSTOMER;
  await store.admit(binding(compId, { customerId }));
  const session = await store.take({ compId, customerId }, lost);
  if (!(session instanceof HeldSession)) throw new Error(session);
  return session;
}
const ownerOf = async (compId: string): Promise<string | undefined> =>
  (
    await database.app.maybeOne<{ id: string }>('SELECT customer_id AS id FROM fix.session WHERE comp_id = $1', [
      compId,
    ])
  )?.id;

describe('FIX sessions in the database', () => {
  test('a CompID belongs to the customer who first logged on with it', async () => {
    const store = await open();
    const compId = freshName();
    const session = await taken(store, compId);
    await store.release(session);
    expect(await store.admit(binding(compId, { customerId: OTHER }))).toBe('not_yours');
    expect(await store.take({ compId, customerId: OTHER }, nobody)).toBe('held');
    await expect(database.app.query('UPDATE fix.session SET customer_id = $1', [OTHER])).rejects.toThrow();
  });

  test('a proof is used up once, whichever gateway it is shown to, and those before it with it', async () => {
    const [first, second] = [await open(), await open()];
    const given = binding(freshName());
    const outcomes = await Promise.all([first, second, first].map((store) => store.admit(given, 1_000)));
    expect(outcomes.sort()).toEqual(['admitted', 'used', 'used']);
    expect(await first.admit(given, 1_001)).toBe('admitted');
    expect(await second.admit(given, 1_000)).toBe('used');
    expect(await second.admit(given)).toBe('admitted');
  });

  test('one process speaks for it at a time, and its death is enough for the next', async () => {
    const [first, second] = [await open(), await open()];
    const compId = freshName();
    const session = await taken(first, compId);
    expect(await second.take(binding(compId), nobody)).toBe('held');
    expect(await first.take(binding(compId), nobody)).toBe('held');
    session.add(message(1));
    await shut(first);
    const again = await taken(second, compId);
    expect(again.numbers.nextOut).toBe(2);
    expect(again.record.fence).toBeGreaterThan(session.record.fence);
  });

  test('who only believes to hold it changes nothing, and is told', async () => {
    const [first, second] = [await open(), await open()];
    const compId = freshName();
    let isLost = false;
    const session = await taken(first, compId, () => (isLost = true));
    await database.owner.query('UPDATE fix.session SET holder = NULL WHERE comp_id = $1', [compId]);
    const heir = await taken(second, compId);
    heir.add(message(1, { body: '58=heir\x01' }));
    await second.written(heir);
    session.add(message(1, { body: '58=ghost\x01' }));
    await first.written(session);
    expect(isLost).toBe(true);
    expect((await second.messages(compId, 1, 10, 10)).map(({ body }) => body)).toEqual(['58=heir\x01']);
  });

  test('nothing is sent before it and its number are durable, and everything in order', async () => {
    const store = await open();
    const session = await taken(store, freshName());
    const sent: number[] = [];
    let stored = 0;
    session.connect(({ seq }) => sent.push(seq));
    session.add(message(1, { isStored: false, msgType: 'A' }));
    session.add(message(2));
    session.add(message(3, { isStored: false, msgType: '0' }));
    expect(sent).toEqual([]);
    await store.written(session);
    stored = (await store.messages(session.compId, 1, 10, 10)).length;
    expect([sent, stored]).toEqual([[1, 2, 3], 1]);
    // Its number is among those reserved: a heartbeat does not wait for the database.
    session.add(message(4, { isStored: false, msgType: '0' }));
    expect(sent).toEqual([1, 2, 3, 4]);
  });

  test('a session waits for its own changes, however busy others are', async () => {
    const store = await open();
    const [quiet, busy] = [await taken(store, freshName()), await taken(store, freshName())];
    let isBusy = true;
    busy.connect(({ seq }) => queueMicrotask(() => isBusy && busy.add(message(seq + 1))));
    busy.add(message(1));
    quiet.add(message(1));
    const outcome = await Promise.race([
      store.written(quiet).then(() => store.release(quiet)),
      new Promise((resolve) => setTimeout(resolve, 3_000, 'starved')),
    ]);
    isBusy = false;
    expect(outcome).toBeUndefined();
    expect((await taken(store, quiet.compId)).numbers.nextOut).toBe(2);
  });

  test('behind what was queued, what is new has been sent only when the client has asked for the rest', async () => {
    const store = await open();
    const session = await taken(store, freshName());
    session.add(message(1));
    session.add(message(2));
    session.connect(({ seq }) => session.sent(seq));
    session.add(message(3));
    await store.written(session);
    expect(session.sentThrough).toBe(0);
    session.sentAgain(1);
    expect(session.sentThrough).toBe(1);
    session.sentAgain(2);
    expect(session.sentThrough).toBe(3);
  });

  test('numbers that may have been used are not used again after a crash, and after a clean end none is left out', async () => {
    const [first, second] = [await open(), await open()];
    const compId = freshName();
    const session = await taken(first, compId);
    session.connect(nobody);
    session.add(message(1));
    await first.written(session);
    for (let seq = 2; seq < 100; seq += 1) session.add(message(seq, { isStored: false }));
    await database.owner.query('UPDATE fix.session SET holder = NULL WHERE comp_id = $1', [compId]);
    const afterCrash = await taken(second, compId);
    expect(afterCrash.numbers.nextOut).toBeGreaterThanOrEqual(100);
    const next = afterCrash.numbers.nextOut;
    afterCrash.connect(nobody);
    afterCrash.add(message(next));
    await second.release(afterCrash);
    expect((await taken(second, compId)).numbers.nextOut).toBe(next + 1);
  });

  test('reset numbers forget what was sent, and give back what never was, though the connection had been given it', async () => {
    const store = await open();
    const session = await taken(store, freshName());
    session.connect(({ seq }) => seq === 1 && session.sent(seq));
    session.add(message(1));
    session.add(message(2));
    await store.written(session);
    session.disconnect();
    session.add(message(3));
    session.answered(1, 7);
    session.name(77n, 'mine');
    await store.release(session);
    const again = await taken(store, session.compId);
    const { session: begun, unsent } = await store.reset(again, nobody);
    expect(unsent.map(({ body }) => body)).toEqual(['58=2\x01', '58=3\x01']);
    expect(begun.numbers).toEqual({ nextIn: 1, nextOut: 1 });
    expect([...begun.openOrders]).toEqual([[77n, 'mine']]);
    expect(await store.messages(session.compId, 1, 10, 10)).toEqual([]);
  });

  test('what is older than a client may ask for is deleted, and what no connection has had yet is kept for longer', async () => {
    const store = await open();
    const session = await taken(store, freshName());
    session.connect(({ seq }) => session.sent(seq));
    session.add(message(1, { madeAt: 1_000 }));
    session.add(message(2, { madeAt: 9_000 }));
    await store.written(session);
    session.disconnect();
    session.add(message(3, { madeAt: 1_000 }));
    await store.release(session);
    const left = async (now: number): Promise<number[]> => {
      expect(await store.purge(now, 5_000)).toBe(false);
      return (await store.messages(session.compId, 1, 10, 10)).map(({ seq }) => seq);
    };
    expect(await left(7_000)).toEqual([2, 3]);
    expect(await left(ORDER_IDS_KEPT_MS + 2_000)).toEqual([]);
  });

  test('of more than a batch the rest is left to the next, and nothing is deleted while another gateway is at it', async () => {
    const store = await open();
    const { compId } = await taken(store, freshName());
    const rows = `INSERT INTO fix.outbound SELECT $1, seq, '8', '', false, -seq FROM generate_series(1, 5001) AS seq`;
    await database.owner.query(rows, [compId]);
    const purge = (): Promise<boolean> => store.purge(ORDER_IDS_KEPT_MS + 1, 1);
    const left = async (): Promise<number> => (await store.messages(compId, 1, 5_001, 5_001)).length;
    await database.owner.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock(815071, 0)');
      expect([await purge(), await left()]).toEqual([false, 5_001]);
    });
    expect([await purge(), await left()]).toEqual([true, 1]);
    expect([await purge(), await left()]).toEqual([false, 0]);
  });

  test('a ClOrdID is taken once, also within one turn', async () => {
    const store = await open();
    const { compId } = await taken(store, freshName());
    const ids = new ClientOrderIds(database.app);
    const use = { orderId: null, isCancel: false, fence: 1n, seq: 3, at: 0 };
    const claim = (id: string, more = {}): Promise<boolean> => ids.claim(compId, id, { ...use, ...more });
    expect(await Promise.all([claim('a'), claim('b', { orderId: 9n, seq: 4 }), claim('a')])).toEqual([
      true,
      true,
      false,
    ]);
    expect(await claim('b')).toBe(false);
    expect(await ids.find(compId, 'b')).toEqual({ orderId: 9n, isCancel: false });
    const asked = [{ id: 'b', orderId: 9n, isCancel: false, seq: 4 }];
    expect(await Promise.all([ids.askedSince(compId, 1n, 4), ids.askedSince(compId, 0n, 4)])).toEqual([asked, asked]);
    expect(await Promise.all([ids.askedSince(compId, 2n, 4), ids.askedSince(compId, 1n, 5)])).toEqual([[], []]);
  });
});

test('numbers answered in any order are remembered exactly, however they are told', () => {
  const range = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 6 }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 30 }), (ranges) => {
      let progress = new InboundProgress(1, []);
      const answered = new Set<number>();
      for (const [from, length] of ranges) {
        progress.answer(from, from + length);
        for (let seq = from; seq <= from + length; seq += 1) answered.add(seq);
        progress = new InboundProgress(progress.next, progress.answered);
        const wrong = Array.from({ length: 70 }, (_, at) => at + 1).filter((seq) => progress.isAnswered(seq) !== answered.has(seq)); // prettier-ignore
        if (wrong.length > 0 || answered.has(progress.next)) throw new Error(`${progress.next}: ${wrong.join(' ')}`);
      }
    }),
    { numRuns: 200 },
  );
});
