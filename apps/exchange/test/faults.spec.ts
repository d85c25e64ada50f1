import { afterEach, describe, expect, test } from '@jest/globals';
import { NodeDisk } from '@base/journal';
import { seededRandom, SimulatedDisk, SteppedThread } from '@base/journal/testing';
import { type EngineCommandDraft } from '@core/contracts';
import { digest, unsoundness } from '@core/matching';
import { type ExchangeSettings } from '../exchange-settings.js';
import { replayJournal } from '../replay-journal.js';
import { ExchangeProcess } from '../testing/exchange-process.js';
import { funding, listing, MAKER, order, TAKER } from '../testing/opening.js';
import { Room } from '../testing/room.js';

const KIB = 1024;
const MICROS = 1_000_000;
let room: Room;
afterEach(() => room?.close());

/** A venue on a disk that misbehaves; sockets are real. */
async function openOn(disk: SimulatedDisk, settings: Partial<ExchangeSettings> = {}): Promise<Room> {
  const { journal, ...rest } = settings;
  room = await new Room().start({
    ...rest,
    history: undefined,
    journal: {
      disk,
      process: { self: 'spec', isAlive: () => false },
      segmentBytes: 64 * KIB,
      ringBytes: 64 * KIB,
      reserveBytes: 8 * KIB,
      ...journal,
    },
  });
  return room;
}

const usedOf = (disk: SimulatedDisk): number => disk.paths().reduce((sum, path) => sum + disk.contents(path).length, 0);

const orders = (from: number, count: number): EngineCommandDraft[] =>
  Array.from({ length: count }, (_, k) => order({ clientOrderId: BigInt(from + k), price: 50 + (k % 50) }));

describe('a faulty disk', () => {
  test('A11: a full disk refuses orders with a reason and takes cancels, loses nothing, and goes on when there is space', async () => {
    const disk = new SimulatedDisk(seededRandom(11));
    await openOn(disk);
    await room.open();
    const gateway = await room.connect('gateway');
    gateway.link.subscribe(0);
    disk.capacity = usedOf(disk) + 80 * KIB;
    let taken = 0;
    let next = 1;
    while (gateway.refusals.size === 0) {
      taken += (await gateway.do(orders(next, 50))).filter((sequence) => sequence > 0).length;
      next += 50;
    }
    // A batch of one may still find room where one of fifty did not.
    for (let sequence = 1; sequence > 0; next += 1, taken += sequence > 0 ? 1 : 0)
      [sequence] = (await gateway.do(orders(next, 1))) as [number];
    expect(new Set(gateway.refusals.values())).toEqual(new Set(['disk_full']));
    const [cancelled] = await gateway.do([{ kind: 'cancel-by-client-id', account: MAKER, clientOrderId: 1n }]);
    expect((await gateway.eventsOf(cancelled as number)).map(({ kind }) => kind)).toEqual(['order-cancelled']);
    const [[refused], [also]] = [
      await gateway.do(orders(next, 1)),
      await gateway.do([{ kind: 'cancel-by-client-id', account: MAKER, clientOrderId: 2n }]),
    ];
    expect([refused, also]).toEqual([0, expect.any(Number)]);
    disk.capacity = Infinity;
    for (let tries = 0; (await gateway.do(orders(next++, 1)))[0] === 0; tries += 1) expect(tries).toBeLessThan(200);
    expect(gateway.events.filter(({ kind }) => kind === 'order-accepted')).toHaveLength(taken + 1);
    expect(unsoundness()).toBeNull();
    await room.stop();
    const state = digest();
    expect(replayJournal(disk, room.journalFolder)).toMatchObject({ digest: state, unsound: null });
  });

  test('A11: cancels too are refused when the reserve is used up, and a session’s end is made up for later', async () => {
    const disk = new SimulatedDisk(seededRandom(12));
    await openOn(disk);
    await room.open();
    const [gateway, bound] = [await room.connect('gateway'), await room.connect('gateway')];
    gateway.link.subscribe(0);
    const session = await bound.link.openSession();
    await bound.do([order({ clientOrderId: 1n, instructions: 4, account: TAKER })], session);
    disk.capacity = usedOf(disk);
    for (let next = 2; gateway.refusals.size === 0; next += 50) await gateway.do(orders(next, 50));
    const cancel: EngineCommandDraft = { kind: 'cancel', account: MAKER, orderId: 1n };
    // In smaller and smaller batches, so that there is no room for a single one in the end.
    for (const batch of [20, 5, 1]) {
      for (let last = 1; last > 0;)
        last = (await gateway.do(Array.from({ length: batch }, () => cancel))).at(-1) as number;
    }
    bound.link.destroy();
    const ended = () =>
      gateway.events.some((event) => event.kind === 'order-cancelled' && event.reason === 'disconnect');
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(ended()).toBe(false);
    disk.capacity = Infinity;
    await gateway.until(ended);
  });

  test('A12: after a failed sync nothing more is acknowledged and the venue says that it must end', async () => {
    const disk = new SimulatedDisk(seededRandom(13));
    await openOn(disk);
    await room.open();
    const gateway = await room.connect('gateway');
    gateway.link.subscribe(0);
    await gateway.do(orders(1, 3));
    disk.fail('sync', 'EIO');
    const seen = gateway.link.order.sequence;
    gateway.link.send(order({ clientOrderId: 99n }));
    for (let waited = 0; room.fatal === undefined && waited < 1_000; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    expect(room.fatal).toMatchObject({ code: 'disk_failed' });
    gateway.link.send(order({ clientOrderId: 100n }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(gateway.sequences.size).toBe(3);
    expect(gateway.link.order.sequence).toBe(seen);
  });

  test('A13: while the disk does not answer the queue stays bounded, and everything is taken in order afterwards', async () => {
    const disk = new SimulatedDisk(seededRandom(14));
    const thread = new SteppedThread(disk);
    let isSlow = false;
    const stepping = setInterval(() => isSlow || thread.step(), 1);
    await openOn(disk, { journal: { mode: 'thread', startThread: thread.start } });
    await room.open();
    const [gateway, other] = [await room.connect('gateway'), await room.connect('gateway')];
    isSlow = true;
    const sent = orders(1, 20_000).map((command) => gateway.link.send(command));
    other.link.send(order({ clientOrderId: 1n, account: TAKER }));
    for (let waited = 0; !room.exchange.sequencer.isBlocked && waited < 2_000; waited += 1)
      await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect([gateway.sequences.size, other.sequences.size]).toEqual([0, 0]);
    expect(room.exchange.journal.pendingBytes).toBeLessThanOrEqual(64 * KIB);
    expect(room.exchange.sequencer.waiting).toBeLessThan(1_000);
    expect(gateway.link.pendingBytes).toBeGreaterThan(100 * KIB);
    isSlow = false;
    await gateway.until(() => gateway.sequences.size === sent.length);
    const sequences = sent.map((number) => gateway.sequences.get(number) as number);
    expect(sequences).toEqual(sequences.toSorted((a, b) => a - b));
    clearInterval(stepping);
    const closing = setInterval(() => thread.step(), 1);
    await room.close();
    clearInterval(closing);
  });
});

describe('time and state', () => {
  test('A20: the clock steps back an hour and forward two: time never does, and what expires does so by log time', async () => {
    let now = 1_800_000_000 * MICROS;
    room = await new Room().start({ clock: { now: () => now } });
    await room.open();
    const gateway = await room.connect('gateway');
    gateway.link.subscribe(1);
    const expiresAt = BigInt(now + 1_800 * MICROS);
    await gateway.do([order({ clientOrderId: 1n, timeInForce: 'gtd', expiresAt })]);
    now -= 3_600 * MICROS;
    await gateway.do([
      order({ clientOrderId: 2n }),
      order({ clientOrderId: 3n, account: TAKER, side: 'sell', price: 500 }),
    ]);
    await gateway.do([order({ clientOrderId: 4n })]);
    expect(gateway.events.some(({ kind }) => kind === 'order-cancelled')).toBe(false);
    now += 7_200 * MICROS;
    // Nobody sends anything: the venue's own tick ends it.
    await gateway.until(() =>
      gateway.events.some((event) => event.kind === 'order-cancelled' && event.reason === 'expired'),
    );
    const times = gateway.events.map(({ time }) => time);
    expect(times.every((time, k) => k === 0 || time >= (times[k - 1] as bigint))).toBe(true);
    await room.stop();
    const state = digest();
    expect(replayJournal(new NodeDisk(), room.journalFolder).digest).toBe(state);
  });

  test('A19: a halted instrument refuses orders with a reason, lets cancels through, and another trades on', async () => {
    room = await new Room().start();
    await room.open();
    const [list, open] = listing as [EngineCommandDraft, EngineCommandDraft];
    await room.operate(
      { ...list, instrument: 1, base: 2, symbol: 'ETH-USD' } as EngineCommandDraft,
      { ...open, instrument: 1 } as EngineCommandDraft,
    );
    const gateway = await room.connect('gateway');
    gateway.link.subscribe(0);
    await gateway.do([order({ clientOrderId: 1n })]);
    await room.operate({ kind: 'set-state', instrument: 0, state: 'halted' });
    const sequences = await gateway.do([
      order({ clientOrderId: 2n }),
      { kind: 'cancel-by-client-id', account: MAKER, clientOrderId: 1n },
      order({ clientOrderId: 3n, instrument: 1 }),
    ]);
    const events = await gateway.eventsOf(...sequences);
    expect(events.map((event) => ('reason' in event ? `${event.kind} ${event.reason}` : event.kind))).toEqual([
      'order-rejected instrument_halted',
      'order-cancelled requested',
      'order-accepted',
    ]);
  });

  test('a restart ends the sessions of the life before, and gives none of their numbers again', async () => {
    room = await new Room().start();
    await room.open();
    const gateway = await room.connect('gateway');
    const session = await gateway.link.openSession();
    await gateway.do([order({ clientOrderId: 1n, instructions: 4 }), order({ clientOrderId: 2n })], session);
    const before = room.exchange.ring.releasedSequence;
    // As a crash would leave it: the link's end comes too late to be written down.
    room.exchange.sequencer.close();
    await room.stop();
    await room.start();
    const observer = await room.connect('observer');
    observer.link.subscribe(before + 1);
    await observer.until(() =>
      observer.events.some(
        (event) => event.kind === 'order-cancelled' && event.clientOrderId === 1n && event.reason === 'disconnect',
      ),
    );
    expect(await (await room.connect('gateway')).link.openSession()).toBeGreaterThan(session);
  });
});

describe('the process', () => {
  let exchange: ExchangeProcess;
  afterEach(() => exchange.forget());

  test('A18: a second one on the same folder refuses to start and says why; the first goes on', async () => {
    exchange = new ExchangeProcess();
    await exchange.start();
    const { code, output } = await exchange.startAnother();
    expect(code).toBe(1);
    expect(output).toMatch(/the exchange does not start \(locked\): .* is held under epoch 1 by .*pid=/);
    expect((await (await exchange.connect('operator')).do(listing)).every((sequence) => sequence > 0)).toBe(true);
    expect(await exchange.signal('SIGTERM')).toBe(0);
  });

  test('A12: a failed fdatasync ends the process at once with one clear line, and the next one comes back with all that was told', async () => {
    exchange = new ExchangeProcess();
    await exchange.start({ name: 'disk.sync', times: 12 });
    await (await exchange.connect('operator')).do(listing);
    await (await exchange.connect('settlement')).do(funding);
    const gateway = await exchange.connect('gateway');
    for (let id = 1; gateway.end === undefined && id < 100; id += 1)
      await gateway.do(orders(id, 1)).catch(() => undefined);
    expect(await exchange.exited()).toBe(1);
    expect(exchange.output).toMatch(/the exchange ends at once: the journal cannot go on/);
    const told = Math.max(...gateway.sequences.values());
    await exchange.start();
    expect((await exchange.connect('observer')).link.welcome.nextSequence).toBeGreaterThan(told);
  });
});
