import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '@base/clock';
import { Secret } from '@base/config';
import { Database, runMigrations, uuidV7 } from '@base/database';
import { migrations } from '@migrations';
import { account, credit, debit, Ledger } from '@platform/ledger';
import { defineTestKinds, fund } from '@platform/ledger/testing';
import { killPostgres } from './kill-postgres.mjs';
import { freePort } from './ports.mjs';
import { forgetPostgres, startPostgres } from './postgres.mjs';

const ROUNDS = process.env['TORTURE'] ? 50 : 2;
const WRITERS = 16;
const folder = mkdtempSync(join(tmpdir(), 'strongroom-crash-'));

afterAll(() => forgetPostgres(folder));

describe('B1: the ledger under a database that is killed', () => {
  it('B1: nothing acknowledged is lost, nothing counts twice, every unknown is settled by its id, and this process lives on', async () => {
    const port = await freePort();
    let server = await startPostgres({ folder, port, durableSetup: false });
    await runMigrations(server.url('owner', 'postgres'), migrations);
    const connect = (role: 'owner' | 'app'): Database =>
      new Database({
        url: new Secret(server.url(role, 'postgres')),
        applicationName: 'crash',
        acquireTimeoutMs: 2_000,
      });
    const [owner, app] = [connect('owner'), connect('app')];
    await defineTestKinds(owner);
    const ledger = new Ledger(app, systemClock);
    const [from, to] = [account('customer_available', 'USD', uuidV7()), account('customer_available', 'USD', uuidV7())];
    await fund(ledger, from, 1_000_000n);

    const acknowledged = new Set<string>();
    const unsure = new Set<string>();
    const pay = (id: string) => ledger.submit({ id, kind: 'test.move', legs: [debit(from, 1n), credit(to, 1n)] });
    let writing = true;
    const writers = Array.from({ length: WRITERS }, async () => {
      while (writing) {
        const id = uuidV7();
        await pay(id).then(() => acknowledged.add(id), () => unsure.add(id)); // prettier-ignore
      }
    });
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(250);
      killPostgres(folder);
      await server.exited;
      server = await startPostgres({ folder, port, durableSetup: false });
      const before = acknowledged.size;
      for (const deadline = Date.now() + 30_000; acknowledged.size === before && Date.now() < deadline;)
        await sleep(20);
      expect(acknowledged.size).toBeGreaterThan(before);
    }
    writing = false;
    await Promise.all(writers);
    for (const id of unsure) expect(['posted', 'duplicate']).toContain(await pay(id));

    const ids = [...acknowledged, ...unsure];
    const { there } = await owner.one<{ there: bigint }>(
      'SELECT count(*) AS there FROM ledger.transfers WHERE id = ANY ($1)',
      [ids],
    );
    expect(Number(there)).toBe(ids.length);
    const { all } = await owner.one<{ all: bigint }>(`SELECT count(*) AS all FROM ledger.entries e JOIN ledger.accounts a ON a.id = e.account_id WHERE a.path = $1`, [to.path]); // prettier-ignore
    expect(Number(all)).toBe(ids.length);
    expect(await ledger.balance(to)).toBe(BigInt(ids.length));
    expect((await ledger.trialBalance()).isBalanced).toBe(true);
    await ledger.close();
    await Promise.all([owner.close(), app.close()]);
    await server.stop();
  });
});
