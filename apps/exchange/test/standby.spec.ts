import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { inspectJournal, NodeDisk } from '@base/journal';
import { replayJournal } from '../replay-journal.js';
import { type ExchangeProcess } from '../testing/exchange-process.js';
import { order } from '../testing/opening.js';
import { Pair, promote, promoteByTool, said } from '../testing/pair.js';
import { stateAt } from '../testing/state-at.js';

const SYNCHRONOUS = { EXCHANGE_SYNCHRONOUS: '1' };

let pair: Pair;
afterEach(() => pair.forget());

/** What the follower came to is what the primary's journal leads to at the same command. */
function expectPrefix(follower: ExchangeProcess, primary: ExchangeProcess): number {
  const { digest, lastSequence } = replayJournal(new NodeDisk(), follower.journalFolder, 'snapshot');
  expect(digest).toBe(stateAt(primary.journalFolder, lastSequence));
  return lastSequence;
}

async function readinessOf({ output }: ExchangeProcess): Promise<unknown> {
  const port = [...output.matchAll(/"health":(\d+)/g)].at(-1)?.[1];
  return (await fetch(`http://127.0.0.1:${port}/health/ready`)).json();
}

describe('a standby', () => {
  test('must show 6: an old primary, restarted, releases nothing without its follower, gives way to the new one, and refuses to start again', async () => {
    pair = new Pair(SYNCHRONOUS);
    await pair.start();
    const { one, other, load } = pair;
    load.start();
    await load.more(200);
    await one.kill();
    await promote(other);
    process.kill(other.pid, 'SIGSTOP');
    await one.start();
    const [gateway, observer] = [await one.connect('gateway'), await one.connect('observer')];
    observer.link.subscribe(1);
    for (let id = 1n; id <= 50n; id += 1n) gateway.link.send(order({ clientOrderId: 1_000_000n + id }));
    await sleep(300);
    expect(await readinessOf(one)).toMatchObject({ status: 'error', isHeldBack: true, isFollowed: false });
    process.kill(other.pid, 'SIGCONT');
    expect(await one.exited()).toBe(1);
    expect(one.output).toContain('fenced: term 2 has begun elsewhere');
    expect([gateway.sequences.size, observer.events.length]).toEqual([0, 0]);
    expect(await gateway.ended()).toBe('fenced');
    await expect(one.start()).rejects.toThrow('fenced: term 2 has begun elsewhere');
    const operator = await other.connect('operator');
    await operator.link.setReplication('asynchronous');
    await load.stop();
    expect(load.check()).toEqual([]);
  });

  test('must show 6: what the old primary alone had is never the venue’s: it may not follow with it, and is put aside whole when told to', async () => {
    pair = new Pair(SYNCHRONOUS);
    await pair.start();
    const { one, other } = pair;
    const gateway = await one.connect('gateway');
    const [shared = 0] = await gateway.do([order({ clientOrderId: 1n })]);
    // Dead, not stopped: what is on its way to a stopped one is read when it goes on.
    await other.kill();
    await said(one, 'the standby has left');
    for (let id = 2n; id <= 40n; id += 1n) gateway.link.send(order({ clientOrderId: id }));
    // On its disk, or it would have nothing that the follower has not.
    while (inspectJournal(new NodeDisk(), one.journalFolder).lastSequence < shared + 39) await sleep(5);
    await one.kill();
    expect(gateway.sequences.size).toBe(1);
    await other.start();
    const promotion = await promote(other, true);
    one.environment['EXCHANGE_FOLLOWS'] = other.address.path;
    await one.start();
    expect(await one.exited()).toBe(1);
    expect(one.output).toContain('diverged: commands up to');
    one.environment['EXCHANGE_DISCARD_TAIL'] = '1';
    await one.start();
    await said(one, 'following the primary under term 2');
    const aside = replayJournal(new NodeDisk(), `${one.journalFolder}.aside-of-term-1`);
    expect(aside.lastSequence).toBeGreaterThan('last' in promotion ? promotion.last : Infinity);
    const again = await other.connect('gateway');
    expect(await again.do([order({ clientOrderId: 2n })])).not.toContain(0);
  });

  test('catches up when it was killed, from its own last command; nothing is told meanwhile', async () => {
    pair = new Pair(SYNCHRONOUS);
    await pair.start();
    const { one, other, load } = pair;
    load.start();
    await load.more(200);
    await other.kill();
    await said(one, 'the standby has left');
    const [before] = [load.acknowledged.size, await sleep(150)];
    expect(load.acknowledged.size).toBe(before);
    await other.start();
    await load.more(400);
    await load.stop();
    expect(load.check()).toEqual([]);
    await one.kill();
    expect(await other.signal('SIGTERM')).toBe(0);
    expect(expectPrefix(other, one)).toBeGreaterThanOrEqual(Math.max(...load.acknowledged.values()));
  });

  test('takes a snapshot into its empty folder while trading goes on', async () => {
    pair = new Pair({ EXCHANGE_SNAPSHOT_COMMANDS: '400' });
    const { one, other, load } = pair;
    await one.start();
    await pair.open();
    load.start();
    const snapshots = join(one.journalFolder, 'snapshots');
    const isThere = (): boolean =>
      existsSync(snapshots) && readdirSync(snapshots).some((name) => name.endsWith('.snapshot'));
    for (const start = Date.now(); !isThere() && Date.now() - start < 60_000;) await sleep(5);
    expect(isThere()).toBe(true);
    await other.start();
    await said(other, 'has come from the primary');
    await load.more(300);
    await load.stop();
    await said(other, 'following the primary');
    await one.kill();
    expect(await other.signal('SIGTERM')).toBe(0);
    expect(expectPrefix(other, one)).toBeGreaterThan(400);
  });

  test('whose state differs from the primary’s is found out by the digests, and refuses promotion for good', async () => {
    pair = new Pair({ EXCHANGE_COMPARE_COMMANDS: '300' });
    const { one, other, load } = pair;
    await one.start();
    await pair.open();
    await other.start({ name: 'exchange.follower-applies', times: 10 });
    await said(other, 'following the primary');
    load.start();
    await said(one, 'STATES DIFFER');
    await said(other, 'THE STATE HERE DIFFERS');
    expect(await promote(other, true)).toEqual({ refusal: 'states_differ' });
    await other.kill();
    await other.start();
    expect(await promote(other, true)).toEqual({ refusal: 'states_differ' });
    await load.stop();
  });

  test('of another key is refused', async () => {
    pair = new Pair();
    const { one, other } = pair;
    other.environment['EXCHANGE_STANDBY_KEY'] = 'another key than the primary’s 7f3a';
    await Promise.all([one.start(), other.start()]);
    await said(other, 'the primary is not followed: wrong_key');
    expect(await readinessOf(one)).toMatchObject({ isFollowed: false });
    expect(await promoteByTool(other)).toMatchObject({ code: 1, said: expect.stringContaining('has never followed') });
  });

  test('asynchronous: what it lacks of the primary is the end of it, and no more than that', async () => {
    pair = new Pair({ EXCHANGE_COMPARE_COMMANDS: '200' });
    await pair.start();
    const { one, other, load } = pair;
    load.start();
    await load.more(600);
    await one.kill();
    const { code, said: words } = await promoteByTool(other);
    expect({ code, words }).toEqual({ code: 0, words: expect.stringMatching(/^promoted: the primary under term 2/) });
    const last = Number(/from command (\d+) on/.exec(words)?.[1]) - 1;
    await other.kill();
    const { lastSequence } = replayJournal(new NodeDisk(), one.journalFolder);
    expect(last).toBeLessThanOrEqual(lastSequence);
    expect(last).toBeGreaterThan(300);
    expect(stateAt(other.journalFolder, last)).toBe(stateAt(one.journalFolder, last));
    expect(one.output).not.toContain('STATES DIFFER');
  });

  test('is missed by a synchronous primary: it takes what it has room for, refuses the rest, and tells all when one comes', async () => {
    pair = new Pair({ ...SYNCHRONOUS, EXCHANGE_EVENTS_MIB: '1' });
    await pair.start();
    const { one, other } = pair;
    await other.kill();
    await said(one, 'nothing is released until it returns');
    const gateway = await one.connect('gateway');
    const COUNT = 20_000;
    for (let id = 1n; id <= COUNT; id += 1n) gateway.link.send(order({ clientOrderId: id, price: 50 }));
    await gateway.until(() => gateway.refusals.size > 0);
    await sleep(200);
    expect(gateway.sequences.size).toBe(0);
    expect(new Set(gateway.refusals.values())).toEqual(new Set(['no_standby']));
    await other.start();
    await gateway.until(() => gateway.sequences.size + gateway.refusals.size === COUNT);
    expect(gateway.sequences.size).toBeGreaterThan(1_000);
  });
});
