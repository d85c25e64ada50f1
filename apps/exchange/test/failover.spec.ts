import { afterEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { NodeDisk } from '@base/journal';
import { replayJournal } from '../replay-journal.js';
import { type ExchangeProcess } from '../testing/exchange-process.js';
import { Pair, promote, said } from '../testing/pair.js';

const ROUNDS = Number(process.env['FAILOVERS'] ?? (process.env['TORTURE'] === '1' ? 100 : 2));
const HOUR_MS = 3_600_000;
const SYNCHRONOUS = { EXCHANGE_SYNCHRONOUS: '1' };

let pair: Pair;
afterEach(() => pair.forget());

/** What the process's engine held when it ended in good order, and what its journal leads to from the first command. */
function statesOf({ journalFolder }: ExchangeProcess): { ended: string; replayed: string; unsound: string | null } {
  const disk = new NodeDisk();
  const ended = replayJournal(disk, journalFolder, 'snapshot');
  const { digest, unsound } = replayJournal(disk, journalFolder);
  return { ended: ended.digest, replayed: digest, unsound };
}

describe('a synchronous pair under load', () => {
  test(
    `must show 6: ${ROUNDS} primaries killed and followers promoted: nothing acknowledged is lost, nothing is there twice, and the state is a replay’s`,
    async () => {
      // Without snapshots every new follower gets the whole journal, so that the last one can be replayed from the first command.
      pair = new Pair({ ...SYNCHRONOUS, EXCHANGE_DISCARD_TAIL: '1' });
      await pair.start();
      pair.load.start();
      let [primary, follower] = [pair.one, pair.other];
      for (let round = 1; round <= ROUNDS; round += 1) {
        await pair.load.more(500);
        await primary.kill();
        expect(await promote(follower)).toMatchObject({ term: round + 1 });
        // The old primary comes back as the follower, and puts aside what the new one never had.
        primary.environment['EXCHANGE_FOLLOWS'] = follower.address.path;
        const from = primary.output.length;
        await primary.start();
        await said(primary, 'following the primary', from);
        await pair.load.more(200);
        [primary, follower] = [follower, primary];
      }
      await pair.load.stop();
      await pair.load.compareWithHistory();
      expect(pair.load.check()).toEqual([]);
      expect(await primary.signal('SIGTERM')).toBe(0);
      const { ended, replayed, unsound } = statesOf(primary);
      expect({ ended, unsound }).toEqual({ ended: replayed, unsound: null });
    },
    HOUR_MS,
  );

  test('must show 6: a primary that is stopped, replaced and let go on releases nothing afterwards, and ends as fenced', async () => {
    pair = new Pair(SYNCHRONOUS);
    await pair.start();
    const { one, other, load } = pair;
    load.start();
    const witness = await one.connect('observer');
    witness.link.subscribe(1);
    await load.more(300);
    process.kill(one.pid, 'SIGSTOP');
    await sleep(600);
    const promotion = await promote(other);
    expect(promotion).toMatchObject({ term: 2 });
    const [seen, acknowledged] = [witness.events.length, witness.link.order.sequence];
    process.kill(one.pid, 'SIGCONT');
    expect(await one.exited()).toBe(1);
    expect(one.output).toContain('fenced: term 2 has begun elsewhere');
    expect([witness.events.length, witness.link.order.sequence]).toEqual([seen, acknowledged]);
    expect(await witness.ended()).toBe('fenced');
    // The new primary is alone and synchronous: it takes orders and tells nobody, until an operator says that it may.
    const operator = await other.connect('operator');
    expect(await operator.link.setReplication('asynchronous')).toBe('asynchronous');
    operator.link.close();
    await load.more(200);
    await load.stop();
    await load.compareWithHistory();
    expect(load.check()).toEqual([]);
  });
});
