import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { HighestTerm } from '@platform/venue-link';
import { Superseded } from '../standby/superseded.js';
import { sealTerm } from '../standby/term-seal.js';
import { secretOf } from '../testing/client.js';
import { order } from '../testing/opening.js';
import { Room } from '../testing/room.js';

let room: Room;
beforeEach(async () => {
  room = new Room();
  await room.start();
  await room.open();
});
afterEach(() => room.close());

const heard = (key: Parameters<typeof sealTerm>[0], term: number): HighestTerm => {
  const terms = new HighestTerm();
  terms.accept(sealTerm(key, term));
  return terms;
};

describe('a primary', () => {
  test('must show 6: gives way when any client brings the news of a higher term, tells its links, and cannot be started again', async () => {
    const gateway = await room.connect('gateway');
    await gateway.do([order({ clientOrderId: 1n })]);
    await expect(room.connect('observer', { terms: heard(secretOf('standby'), 2) })).rejects.toThrow('fenced');
    expect(await gateway.ended()).toBe('fenced');
    await expect(room.connect('operator')).rejects.toThrow();
    while (room.fatal === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(room.fatal).toBeInstanceOf(Superseded);
    await room.stop();
    await expect(room.start()).rejects.toThrow('fenced: term 2 has begun elsewhere');
  });

  test('does not believe a term that its pair has not sealed; who believes it goes away', async () => {
    await expect(room.connect('observer', { terms: heard(secretOf('observer'), 2) })).rejects.toThrow('stale_primary');
    const gateway = await room.connect('gateway');
    expect(await gateway.do([order({ clientOrderId: 1n })])).not.toContain(0);
    expect(room.fatal).toBeUndefined();
  });

  test('is not promoted, and changes how it replicates when an operator says so', async () => {
    const operator = await room.connect('operator');
    expect(await operator.link.promote()).toEqual({ refusal: 'not_a_follower' });
    expect(await operator.link.setReplication('synchronous')).toBe('synchronous');
    const gateway = await room.connect('gateway');
    gateway.link.send(order({ clientOrderId: 1n }));
    expect(await operator.link.setReplication('asynchronous')).toBe('asynchronous');
    await gateway.until(() => gateway.sequences.size === 1);
    expect(room.lines.join()).toContain('an operator made replication synchronous');
  });
});
