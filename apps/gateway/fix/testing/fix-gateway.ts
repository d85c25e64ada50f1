import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, '../../../../dist/apps/gateway/fix/testing/gateway-process.js');
const START_MS = 30_000;

/** A gateway that can be killed and comes back on the same port. */
export class FixGateway {
  readonly #environment: { readonly databaseUrl: string; readonly exchangeSocket: string };
  #child: ChildProcess | undefined;
  port = 0;

  constructor(environment: { readonly databaseUrl: string; readonly exchangeSocket: string }) {
    this.#environment = environment;
  }

  async start(): Promise<this> {
    const { databaseUrl, exchangeSocket } = this.#environment;
    const child = spawn(process.execPath, [SCRIPT], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env['PATH'],
        DATABASE_URL: databaseUrl,
        EXCHANGE_SOCKET: exchangeSocket,
        FIX_PORT: String(this.port),
      },
    });
    this.#child = child;
    let output = '';
    child.stdout.on('data', (text) => (output += String(text)));
    for (const start = Date.now(); !/^port \d+\n/m.test(output);) {
      if (child.exitCode !== null || Date.now() - start > START_MS) throw new Error(`no gateway: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.port = Number(/^port (\d+)/m.exec(output)?.[1]);
    return this;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
