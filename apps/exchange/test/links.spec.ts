import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NodeDisk } from '@base/journal';
import { CANCEL_ON_DISCONNECT, engineCommands } from '@core/contracts';
import { digest } from '@core/matching';
import { replayJournal } from '../replay-journal.js';
import { Room } from '../testing/room.js';
import { MAKER, order, TAKER } from '../testing/opening.js';

const room = new Room();
beforeAll(async () => {
  await room.start();
  await room.open();
});
afterAll(() => room.close());

describe('a link', () => {
  test('tells what became of each command, and everybody its events in order', async () => {
    const gateway = await room.connect('gateway');
    const observer = await room.connect('observer');
    observer.link.subscribe(1);
    const [rests, trades] = await gateway.do([
      order({ clientOrderId: 1n }),
      order({ clientOrderId: 2n, account: TAKER, side: 'sell' }),
    ]);
    expect(trades).toBe((rests as number) + 1);
    const events = await observer.eventsOf(rests as number, trades as number);
    expect(events.map(({ kind }) => kind)).toEqual(['order-accepted', 'order-accepted', 'trade']);
    expect(observer.events[0]).toMatchObject({ kind: 'ticked', sequence: 1n, origin: 0 });
    expect(observer.events.filter(({ kind }) => kind === 'transfer-settled')).toHaveLength(4);
  });

  test('takes a command that was encoded before as one that is encoded on the way', async () => {
    const gateway = await room.connect('gateway');
    gateway.link.subscribe(0);
    const session = await gateway.link.openSession();
    const bytes = engineCommands.toBytes(order({ clientOrderId: 5n }));
    const numbers = [
      gateway.link.sendEncoded(bytes, session),
      gateway.link.send(order({ clientOrderId: 6n }), session),
    ];
    await gateway.until(() => numbers.every((number) => gateway.sequences.has(number)));
    const events = await gateway.eventsOf(...gateway.sequences.values());
    expect(events.map((event) => event.kind === 'order-accepted' && [event.clientOrderId, event.session])).toEqual([
      [5n, session],
      [6n, session],
    ]);
  });

  test('ends, and with it the orders that were bound to its sessions', async () => {
    const gateway = await room.connect('gateway');
    const observer = await room.connect('observer');
    observer.link.subscribe();
    const [one, other] = [await gateway.link.openSession(), await gateway.link.openSession()];
    expect(other).toBe(one + 1);
    await gateway.do(
      [order({ clientOrderId: 10n, instructions: CANCEL_ON_DISCONNECT }), order({ clientOrderId: 11n })],
      one,
    );
    await gateway.do([order({ clientOrderId: 12n, instructions: CANCEL_ON_DISCONNECT })], other);
    gateway.link.closeSession(one);
    await observer.until(() => observer.events.some(({ kind }) => kind === 'orders-cancelled'));
    const cancelled = () =>
      observer.events.flatMap((e) => (e.kind === 'order-cancelled' ? [[e.clientOrderId, e.reason]] : []));
    expect(cancelled()).toEqual([[10n, 'disconnect']]);
    gateway.link.destroy();
    await observer.until(() => cancelled().length === 2);
    expect(cancelled()[1]).toEqual([12n, 'disconnect']);
    await (await room.connect('gateway')).do([{ kind: 'cancel-all', account: MAKER, instrument: 0, session: 0 }]);
  });

  test('resumes across a restart, from the ring and from the journal’s history, without gap or repetition', async () => {
    const gateway = await room.connect('gateway');
    await gateway.do(
      Array.from({ length: 2_000 }, (_, k) => order({ clientOrderId: BigInt(100 + k), price: 50 + (k % 50) })),
    );
    const whole = await room.connect('observer');
    whole.link.subscribe(1);
    const last = room.exchange.ring.releasedSequence;
    await whole.eventsOf(last);
    await room.stop();
    const state = digest();
    expect(replayJournal(new NodeDisk(), room.journalFolder)).toMatchObject({ digest: state, unsound: null });
    await room.start();
    for (const from of [1, 1_234, last]) {
      const later = await room.connect('observer');
      later.link.subscribe(from);
      await later.until(() => later.released >= last);
      const wanted = whole.events.filter(({ sequence }) => Number(sequence) >= from);
      expect(later.events.filter(({ sequence }) => Number(sequence) <= last)).toEqual(wanted);
    }
  });
});
