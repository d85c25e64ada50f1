import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPortFree } from '../services/ports.mjs';
import { makeStack, type Stack } from '../torture/stack.mjs';
import { ROOT } from './root.mjs';

const OURS = ['api', 'admin', 'worker', 'signer', 'exchange', 'gateway'] as const;
const MINUTE_MS = 60_000;

async function until(check: () => boolean | Promise<boolean>, withinMs = MINUTE_MS): Promise<void> {
  for (const deadline = Date.now() + withinMs; !(await check()); await sleep(100)) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${check.toString()}`);
  }
}

describe('npm start', () => {
  let stack: Stack;
  const ready = async (url: string): Promise<boolean> =>
    fetch(`${url}/health/ready`).then(
      (response) => response.ok,
      () => false,
    );
  const portsOf = (): number[] =>
    Object.entries(stack.environment).flatMap(([name, value]) => (name.endsWith('_PORT') ? [Number(value)] : []));
  const free = async (): Promise<boolean> => (await Promise.all(portsOf().map(isPortFree))).every(Boolean);
  const startAnother = (environment = {}) =>
    spawnSync(process.execPath, [join(ROOT, 'tools/start.mjs')], {
      env: { ...process.env, ...stack.environment, ...environment },
      encoding: 'utf8',
      timeout: MINUTE_MS,
    });

  beforeAll(async () => {
    stack = await makeStack();
    await stack.start();
  }, 2 * MINUTE_MS);
  afterAll(async () => {
    await stack.stop();
    stack.forget();
  });

  test('everything answers when it says that it is ready', async () => {
    expect([await ready(stack.api), await ready(stack.admin)]).toEqual([true, true]);
    expect(Object.values(stack.processes()).every((it) => it.ready)).toBe(true);
  });

  test('a second start in the same home is refused in one line', () => {
    const { status, stderr } = startAnother();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^already running in .* \(process \d+\): stop it there .*\n$/);
  });

  test('api, admin, worker, signer, exchange and gateway come back after SIGKILL', async () => {
    const before = stack.processes();
    for (const name of OURS) process.kill(before[name]?.pid ?? 0, 'SIGKILL');
    await until(() => {
      const now = stack.processes();
      return OURS.every((name) => now[name]?.ready === true && now[name].pid !== before[name]?.pid);
    });
    expect([await ready(stack.api), await ready(stack.admin)]).toEqual([true, true]);
  });

  test(
    'SIGKILL of the launcher leaves nothing running, and the next start finds the data',
    async () => {
      await stack.stop('SIGKILL');
      await until(free, 15_000);
      await stack.start();
      expect(await ready(stack.api)).toBe(true);
    },
    2 * MINUTE_MS,
  );

  test('Ctrl-C stops all of it within ten seconds, and the next start names a taken port in one line', async () => {
    const startedAt = Date.now();
    expect(await stack.stop('SIGINT')).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(10_000);
    expect(await free()).toBe(true);

    const other = createServer().listen(Number(stack.environment['ADMIN_PORT']), '127.0.0.1');
    await once(other, 'listening');
    const { status, stderr } = startAnother();
    other.close();
    expect([status, stderr]).toEqual([
      1,
      `port ${stack.environment['ADMIN_PORT']} (ADMIN_PORT) already in use: stop what listens there, or set the variable to another port\n`,
    ]);
  });
});
