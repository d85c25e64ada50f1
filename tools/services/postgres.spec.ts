import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { isPortFree } from './ports.mjs';
import { forgetPostgres, startPostgres } from './postgres.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postgres-'));
});
afterEach(() => {
  forgetPostgres(folder);
});

async function ask(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

test('a second start finds the data and the passwords of the first', async () => {
  const first = await startPostgres({ folder, durableSetup: false });
  await ask(first.url('owner', 'postgres'), 'create table kept as select 42 as answer');
  await first.stop();
  const second = await startPostgres({ folder });
  try {
    expect(await ask(second.url('owner', 'postgres'), 'select answer from kept')).toEqual([{ answer: 42 }]);
    expect(statSync(join(folder, 'passwords.json')).mode & 0o777).toBe(0o600);
    const rights =
      'select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls from pg_roles where rolname = current_user';
    expect(await ask(second.url('app', 'postgres'), rights)).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolbypassrls: false },
    ]);
    expect(await ask(second.url('owner', 'postgres'), 'show fsync')).toEqual([{ fsync: 'on' }]);
    await expect(
      startPostgres({ folder: join(folder, 'other'), port: second.port, durableSetup: false }),
    ).rejects.toThrow(`port ${second.port} is taken`);
  } finally {
    await second.stop();
  }
});

test('a killed parent takes its server along, and the next one starts over the same data', async () => {
  const script = join(folder, 'parent.mjs');
  const portFile = join(folder, 'port');
  const library = join(import.meta.dirname, 'postgres.mjs');
  writeFileSync(
    script,
    `import { startPostgres } from ${JSON.stringify(library)};
     import { writeFileSync } from 'node:fs';
     const { port } = await startPostgres({ folder: ${JSON.stringify(folder)}, durableSetup: false });
     writeFileSync(${JSON.stringify(portFile)}, String(port));
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'inherit'] });
  while (!existsSync(portFile) || readFileSync(portFile, 'utf8') === '') await sleep(50);
  const port = Number(readFileSync(portFile, 'utf8'));
  const died = once(parent, 'exit');
  parent.kill('SIGKILL');
  await died;
  // At once: the old server may still be writing its last checkpoint.
  const next = await startPostgres({ folder });
  expect(await isPortFree(port)).toBe(true);
  await next.stop();
});

test('a port that another program has is told in one line', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const message = `port ${port} is taken: PostgreSQL cannot listen on 127.0.0.1:${port}`;
  await expect(startPostgres({ folder, port, durableSetup: false })).rejects.toThrow(message);
  other.close();
});

test('data without its passwords is refused with the way out', async () => {
  const server = await startPostgres({ folder, durableSetup: false });
  await server.stop();
  rmSync(join(folder, 'passwords.json'));
  await expect(startPostgres({ folder })).rejects.toThrow('npm run reset');
});
