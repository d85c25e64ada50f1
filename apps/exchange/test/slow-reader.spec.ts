import { afterEach, describe, expect, test } from '@jest/globals';
import { NodeDisk } from '@base/journal';
import { digest } from '@core/matching';
import { replayJournal } from '../replay-journal.js';
import { MAKER, order } from '../testing/opening.js';
import { Room } from '../testing/room.js';
import { Speaker } from '../testing/speaker.js';

const MIB = 1024 * 1024;
/** What one link may cost the venue: two buffers out, one in. */
const MOST_PER_LINK = MIB;

let room: Room;
afterEach(() => room.close());

const burst = (from: number, count: number) =>
  Array.from({ length: count }, (_, k) =>
    order({ clientOrderId: BigInt(from + k), price: 1 + (k % 99), timeInForce: 'ioc' }),
  );

describe('a reader that does not read', () => {
  test('costs no memory and no one’s time, is closed when its events are written over, and resumes without gap', async () => {
    room = await new Room().start({ ringBytes: MIB / 2 });
    await room.open();
    const [gateway, observer] = [await room.connect('gateway', { keeps: false }), await room.connect('observer')];
    const from = room.exchange.ring.releasedSequence + 1;
    observer.link.subscribe(from);
    const mute = await Speaker.as('observer', room.address.path);
    mute.say({ kind: 'subscribe', from: BigInt(from) });
    await gateway.do(burst(1, 10));
    mute.socket.pause();
    const beating = setInterval(() => mute.say({ kind: 'heartbeat', released: 0n }), 100);
    const before = process.memoryUsage().arrayBuffers;
    let last = 0;
    let rounds = 0;
    const isThere = (): boolean => [...room.exchange.links].length === room.clients.length + 1;
    for (; isThere() && rounds < 100; rounds += 1) {
      last = (await gateway.do(burst(100 + rounds * 500, 500))).at(-1) as number;
      // The other reader is not held up by it.
      await observer.until(() => observer.link.order.sequence >= last);
    }
    clearInterval(beating);
    expect(rounds).toBeLessThan(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(room.exchange.links.size * MOST_PER_LINK);
    const resumed = await room.connect('observer');
    resumed.link.subscribe(from);
    await resumed.until(() => resumed.link.order.sequence >= last);
    const upToLast = (events: typeof observer.events) => events.filter(({ sequence }) => Number(sequence) <= last);
    expect(upToLast(resumed.events)).toEqual(upToLast(observer.events));
    mute.socket.destroy();
  });
});

describe('snapshots under load', () => {
  test('are taken in slices between batches, and what is recovered from them is what a replay from the first command gives', async () => {
    const taken: number[] = [];
    const pauses: number[] = [];
    const snapshots = { everyCommands: 1_000, everyMs: 3_600_000, pauseMs: 1 };
    const watch = { snapshot: (_: number, pause: number) => void pauses.push(pause) };
    room = await new Room().start({ snapshots, watch });
    await room.open();
    const gateway = await room.connect('gateway', { keeps: false });
    for (let round = 0; round < 60; round += 1) {
      const orders = Array.from({ length: 100 }, (_, k) =>
        order({ clientOrderId: BigInt(round * 100 + k + 1), price: 1 + (k % 99), quantity: 1n }),
      );
      const sequences = await gateway.do(orders);
      taken.push(sequences.at(-1) as number);
    }
    await gateway.do([{ kind: 'cancel-all', account: MAKER, instrument: 0, session: 0 }, ...burst(10_000, 5)]);
    expect(pauses.length).toBeGreaterThanOrEqual(3);
    await room.stop();
    const state = digest();
    const disk = new NodeDisk();
    expect(replayJournal(disk, room.journalFolder, 'snapshot').digest).toBe(state);
    const whole = replayJournal(disk, room.journalFolder);
    expect(whole).toMatchObject({ digest: state, unsound: null });
    expect(whole.report.snapshots.map(({ fault }) => fault)).toEqual([undefined, undefined, undefined]);
  });
});
