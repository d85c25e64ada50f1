import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type Readable } from 'node:stream';

const DIST = join(import.meta.dirname, '../../../dist/apps/sandbox');

export interface SandboxProcess {
  readonly url: string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** A sandbox process of its own, as the launcher starts it, on a free port unless one is given. */
export async function startSandbox(name: 'bank' | 'card', env: Record<string, string>): Promise<SandboxProcess> {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [join(DIST, name, 'main.js')], {
    env: { PATH: process.env['PATH'] ?? '', [`${name.toUpperCase()}_PORT`]: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the sandbox ${name} did not start: ${errors}`)));
    child.stdout.on('data', (chunk: Buffer) => {
      const said = /listening on (http:\S+)/.exec(chunk.toString())?.[1];
      if (said !== undefined) resolve(said);
    });
  });
  return {
    url,
    kill: async () => {
      const ended = once(child, 'exit');
      if (child.exitCode === null && child.kill('SIGKILL')) await ended;
    },
  };
}

/** A port of loopback that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
