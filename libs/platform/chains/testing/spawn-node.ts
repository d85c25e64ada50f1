import { type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const STOPS_WITHIN_MS = 10_000;

/** The repository: the nearest folder above this file with a package.json, from the sources and from dist/ alike. */
export function repositoryRoot(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (at === dirname(at)) throw new Error('no package.json above this file');
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Lets this process end while the child runs: a spec that failed before its clean-up must not hang the whole run. */
export function letGo(child: ChildProcess): void {
  child.unref();
  child.channel?.unref();
  for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe.unref();
}

/** Resolves when the process has ended. */
export function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

/** Waits for an end that was asked for; what does not come is forced. */
export async function ended(child: ChildProcess): Promise<void> {
  const late = setTimeout(() => child.kill('SIGKILL'), STOPS_WITHIN_MS);
  await exited(child);
  clearTimeout(late);
}

/** Tries until `attempt` succeeds. Rejects with its last error after `withinMs`, or at once when the process ended. */
export async function until<T>(attempt: () => Promise<T>, child: ChildProcess, withinMs: number): Promise<T> {
  for (const deadline = Date.now() + withinMs; ; await sleep(25)) {
    try {
      return await attempt();
    } catch (error) {
      const gone = child.exitCode !== null || child.signalCode !== null;
      if (gone || Date.now() > deadline) throw error;
    }
  }
}
