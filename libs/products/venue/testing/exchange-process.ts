import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@base/config';
import { type EngineCommandDraft, LINK_ROLES, type LinkRole } from '@core/contracts';
import { ExchangeLink, type ExchangeLinkOptions } from '@platform/venue-link';

const SCRIPT = join(import.meta.dirname, '../../../../dist/apps/exchange/main.js');
const START_MS = 30_000;
const MOST_HANDSHAKES = 5;

export const exchangeKey = (role: LinkRole): Secret => new Secret(`venue spec key of the ${role} 41c7e0`);

/** The exchange as a process of its own, on a folder of its own. */
export class ExchangeProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'venue-exchange-'));
  #child: ChildProcess | undefined;
  #links: ExchangeLink[] = [];

  get address(): { path: string } {
    return { path: join(this.folder, 'exchange.sock') };
  }

  async start(): Promise<this> {
    const keys = LINK_ROLES.map((role): [string, string] => [
      `EXCHANGE_${role.toUpperCase()}_KEY`,
      exchangeKey(role).reveal(),
    ]);
    const child = spawn(process.execPath, [SCRIPT], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        ...Object.fromEntries(keys),
        EXCHANGE_DATA_DIR: join(this.folder, 'journal'),
        EXCHANGE_SOCKET: this.address.path,
        EXCHANGE_METRICS_PORT: '0',
        EXCHANGE_SEGMENT_MIB: '2',
        EXCHANGE_EVENTS_MIB: '8',
        EXCHANGE_HEARTBEAT_MS: '200',
        EXCHANGE_SNAPSHOT_COMMANDS: '500',
      },
    });
    this.#child = child;
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
    for (const start = Date.now(); !output.includes('exchange ready');) {
      if (child.exitCode !== null || Date.now() - start > START_MS) throw new Error(`no exchange: ${output}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return this;
  }

  async connect(role: LinkRole, options: Partial<ExchangeLinkOptions> = {}): Promise<ExchangeLink> {
    const link = await ExchangeLink.connect({
      address: this.address,
      keyName: role,
      key: exchangeKey(role),
      ...options,
    });
    this.#links.push(link);
    return link;
  }

  /**
   * Sends commands on a link of that role and waits until they are durable; answers the last one's sequence. A busy machine may keep this process
   * from its handshake for longer than the exchange waits for one; nothing has been sent by then.
   */
  async do(role: LinkRole, commands: readonly EngineCommandDraft[]): Promise<number> {
    for (let left = MOST_HANDSHAKES; ; left -= 1) {
      try {
        return await this.#do(role, commands);
      } catch (error) {
        if (left === 1 || !(error instanceof Error) || error.message !== 'handshake_timeout') throw error;
      }
    }
  }

  async #do(role: LinkRole, commands: readonly EngineCommandDraft[]): Promise<number> {
    let left = commands.length;
    let last = 0;
    const done = new Promise<void>((resolve, reject) => {
      void this.connect(role, {
        onSequenced: (_, first, count) => {
          last = first + count - 1;
          left -= count;
          if (left === 0) resolve();
        },
        onRefused: (_, reason) => reject(new Error(reason)),
        onClosed: (end) => reject(new Error(end)),
      }).then((link) => {
        for (const command of commands) link.send(command);
        return done.then(() => link.close());
      }, reject);
    });
    await done;
    return last;
  }

  async kill(): Promise<void> {
    for (const link of this.#links.splice(0)) link.destroy();
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async forget(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
