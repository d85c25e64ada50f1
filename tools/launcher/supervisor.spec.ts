import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startForeign, startNode } from './spawn-process.mjs';
import { Supervisor } from './supervisor.mjs';

const env = { PATH: process.env['PATH'] ?? '' };
const quiet = { ready: () => {}, crashed: () => {}, changed: () => {} };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervisor-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An orphan that nobody has collected yet is dead all the same. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !existsSync('/proc/self/stat') || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

async function eventually(check: () => boolean, withinMs = 8_000): Promise<void> {
  for (const deadline = Date.now() + withinMs; !check(); await sleep(20)) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${check.toString()}`);
  }
}

/** A program that writes its process id once it runs. */
function program(name: string, body = 'setInterval(() => {}, 1000)') {
  const script = join(folder, `${name}.mjs`);
  const pidFile = join(folder, `${name}.pid`);
  const source = `import { writeFileSync } from 'node:fs';\n${body};\nwriteFileSync(${JSON.stringify(pidFile)}, String(process.pid));\n`;
  writeFileSync(script, source);
  const pid = () => Number(existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : 0);
  const log = join(folder, `${name}.log`);
  return {
    pid,
    log,
    script,
    service: {
      name,
      after: [] as string[],
      start: () => startNode({ script, env, log }),
      ready: () => Promise.resolve(pid() > 0),
    },
  };
}

describe('order', () => {
  /** A service in memory that writes down what happens to it. */
  const recorded = (journal: string[], name: string, after: string[]) => ({
    name,
    after,
    ready: () => Promise.resolve(true),
    start: () => {
      journal.push(`+${name}`);
      const asked = new AbortController();
      const exited = once(asked.signal, 'abort')
        .then(() => sleep(5))
        .then(() => journal.push(`-${name}`))
        .then(() => 'exit code 0');
      const stop = (): void => asked.abort();
      return { exited, askToStop: stop, kill: stop };
    },
  });

  test('each starts after those it needs and stops before them', async () => {
    const journal: string[] = [];
    const supervisor = new Supervisor(
      [
        recorded(journal, 'database', []),
        recorded(journal, 'chain', []),
        { name: 'migrate', after: ['database'], run: () => Promise.resolve(journal.push('migrated')) },
        recorded(journal, 'worker', ['migrate', 'chain']),
      ],
      quiet,
    );
    await supervisor.up();
    await supervisor.down();
    expect(journal.slice(0, 2).sort()).toEqual(['+chain', '+database']);
    expect(journal.slice(2, 5)).toEqual(['migrated', '+worker', '-worker']);
    expect(journal.slice(5).sort()).toEqual(['-chain', '-database']);
  });

  test('a database under a migration under a worker stops only when the worker is gone', async () => {
    const journal: string[] = [];
    const slow = recorded(journal, 'worker', ['migrate']);
    const supervisor = new Supervisor(
      [recorded(journal, 'database', []), { name: 'migrate', after: ['database'], run: () => Promise.resolve() }, slow],
      quiet,
    );
    await supervisor.up();
    await supervisor.down();
    expect(journal.slice(-2)).toEqual(['-worker', '-database']);
  });

  test('a row that comes after an unlisted one is refused', () => {
    expect(() => new Supervisor([recorded([], 'worker', ['datbase'])], quiet)).toThrow('worker comes after datbase');
  });
});

describe('crashes', () => {
  test('a process killed with SIGKILL comes back, and only it', async () => {
    const [first, second] = [program('first'), program('second')];
    const supervisor = new Supervisor([first.service, second.service], quiet);
    await supervisor.up();
    const [killed, untouched] = [first.pid(), second.pid()];
    process.kill(killed, 'SIGKILL');
    await eventually(() => first.pid() !== killed && supervisor.processes()['first']?.ready === true);
    expect(supervisor.processes()['first']?.restarts).toBe(1);
    expect(second.pid()).toBe(untouched);
    await supervisor.down();
    expect([first.pid(), untouched].map(isAlive)).toEqual([false, false]);
  });

  test('what ends before it was ever ready fails the start with its name', async () => {
    const broken = program('broken', 'process.exit(3)');
    const supervisor = new Supervisor([broken.service], quiet);
    await expect(supervisor.up()).rejects.toThrow('broken did not become ready: exit code 3');
    await supervisor.down();
  });

  test('what ignores SIGTERM is killed when its time is over', async () => {
    const stubborn = program('stubborn', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`);
    const supervisor = new Supervisor([{ ...stubborn.service, graceMs: 200 }], quiet);
    await supervisor.up();
    await supervisor.down();
    expect(isAlive(stubborn.pid())).toBe(false);
  });

  test('a stop during the pause after a crash does not wait and starts nothing', async () => {
    const fragile = program('fragile');
    const crashed: string[] = [];
    const supervisor = new Supervisor([fragile.service], { ...quiet, crashed: (name) => void crashed.push(name) });
    await supervisor.up();
    const pid = fragile.pid();
    process.kill(pid, 'SIGKILL');
    await eventually(() => crashed.length > 0);
    await supervisor.down();
    await sleep(500);
    expect(fragile.pid()).toBe(pid);
  });
});

test('SIGKILL of the launcher leaves neither our processes nor foreign programs behind', async () => {
  const ours = program('ours', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`);
  const foreignPid = join(folder, 'foreign.pid');
  const launcher = join(folder, 'launcher.mjs');
  const library = JSON.stringify(join(import.meta.dirname, 'spawn-process.mjs'));
  const foreign = {
    program: '/bin/sh',
    args: ['-c', `echo $$ > ${foreignPid}; exec sleep 300`],
    env,
    log: join(folder, 'foreign.log'),
  };
  writeFileSync(
    launcher,
    `import { startForeign, startNode } from ${library};
     startNode(${JSON.stringify({ script: ours.script, env, log: ours.log })});
     startForeign(${JSON.stringify(foreign)});
     setInterval(() => {}, 1000);`,
  );
  const parent = spawn(process.execPath, [launcher], { stdio: 'ignore' });
  const readForeign = (): number => Number(existsSync(foreignPid) ? readFileSync(foreignPid, 'utf8') : 0);
  await eventually(() => ours.pid() > 0 && readForeign() > 0);
  const died = once(parent, 'exit');
  parent.kill('SIGKILL');
  await died;
  await eventually(() => !isAlive(readForeign()) && !isAlive(ours.pid()));
});

test('a foreign program whose shell is killed ends too, so that its successor finds its port free', async () => {
  const pidFile = join(folder, 'foreign.pid');
  const running = startForeign({
    program: '/bin/sh',
    args: ['-c', `echo $$ > ${pidFile}; exec sleep 300`],
    env,
    log: join(folder, 'log'),
  });
  await eventually(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8').length > 1);
  process.kill(running.pid ?? 0, 'SIGKILL');
  expect(await running.exited).toBe('SIGKILL');
  await eventually(() => !isAlive(Number(readFileSync(pidFile, 'utf8'))));
});
