import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINK_ROLES, type LinkRole } from '@core/contracts';
import { type ExchangeLinkOptions } from '@platform/venue-link';
import { Client, secretOf } from './client.js';

const BUILT = join(import.meta.dirname, '../../../dist/apps/exchange');
const START_MS = 30_000;

/** The real process on a folder of its own, to be killed. */
export class ExchangeProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'exchange-process-'));
  output = '';
  #child: ChildProcess | undefined;
  /** May be changed between two starts. */
  readonly environment: Record<string, string>;

  constructor(environment: Record<string, string> = {}) {
    this.environment = environment;
  }

  get journalFolder(): string {
    return join(this.folder, 'journal');
  }

  get address(): { path: string } {
    return { path: join(this.folder, 'exchange.sock') };
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Starts it and waits until it is ready; with a gap, the process that dies there. @throws Error with its output when it ends instead */
  async start(gap?: { name: string; times: number }): Promise<void> {
    const { child, ended } = this.#spawn(gap);
    this.#child = child;
    await Promise.race([this.#ready(child), ended.then((how) => Promise.reject(new Error(`${how}: ${this.output}`)))]);
  }

  /** Starts another one on the same folder and answers how it ended and what it said. */
  async startAnother(): Promise<{ code: number | null; output: string }> {
    const before = this.output;
    this.output = '';
    const { child } = this.#spawn();
    const [code] = (await once(child, 'close')) as [number | null];
    const { output } = this;
    this.output = before;
    return { code, output };
  }

  connect(role: LinkRole, options: Partial<ExchangeLinkOptions> & { keeps?: boolean } = {}): Promise<Client> {
    return Client.connect(this.address, role, options);
  }

  kill(): Promise<number | null> {
    return this.signal('SIGKILL');
  }

  /** Sends the signal and answers the exit code. */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    this.#child?.kill(signal);
    return this.exited();
  }

  async exited(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  async forget(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #spawn(gap?: { name: string; times: number }): { child: ChildProcess; ended: Promise<string> } {
    const script = gap === undefined ? [join(BUILT, 'main.js')] : [join(BUILT, 'testing/failing-exchange.js'), gap.name, String(gap.times)]; // prettier-ignore
    const keys = LINK_ROLES.map((role): [string, string] => [
      `EXCHANGE_${role.toUpperCase()}_KEY`,
      secretOf(role).reveal(),
    ]);
    const child = spawn(process.execPath, script, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ...Object.fromEntries(keys),
        EXCHANGE_DATA_DIR: this.journalFolder,
        EXCHANGE_SOCKET: this.address.path,
        EXCHANGE_METRICS_PORT: '0',
        EXCHANGE_SEGMENT_MIB: '2',
        EXCHANGE_EVENTS_MIB: '8',
        ...this.environment,
      },
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (this.output += String(text)));
    const ended = once(child, 'close').then((how: unknown[]) => `it ended with ${how.join(' ')}`);
    return { child, ended };
  }

  #ready(child: ChildProcess): Promise<void> {
    const from = this.output.length;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`not ready: ${this.output}`)), START_MS);
      child.stdout?.on('data', () => {
        if (!this.output.slice(from).includes('exchange ready')) return;
        clearTimeout(timer);
        resolve();
      });
      child.once('close', () => clearTimeout(timer));
    });
  }
}
