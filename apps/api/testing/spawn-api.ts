import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import { type Readable } from 'node:stream';

const MAIN = join(import.meta.dirname, '../../../dist/apps/api/main.js');

export interface SpawnedApi {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Everything the process has written so far. */
  output(): string;
  /** Its address, once it listens. @throws Error with its output when it ends instead. */
  listening(): Promise<string>;
  /** Its exit code, once it has ended and all its output is here. */
  ended: Promise<number | null>;
}

/** The API as `node dist/apps/api/main.js`, on a free port. */
export function spawnApi(environment: Record<string, string>): SpawnedApi {
  const env = { PATH: process.env['PATH'] ?? '', API_PORT: '0', ...environment };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const written: Buffer[] = [];
  const output = (): string => Buffer.concat(written).toString();
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => written.push(chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const listening = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const [, url] = /"ready":true,"url":"([^"]+)"/.exec(output()) ?? [];
        if (url !== undefined) resolve(url);
      };
      child.stdout.on('data', look);
      look();
      void ended.then((code) => reject(new Error(`the API ended with ${code}: ${output()}`)));
    });
  return { child, output, listening, ended };
}
