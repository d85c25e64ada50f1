import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EngineCommandDraft, type LinkRole } from '@core/contracts';
import { type ExchangeLinkOptions } from '@platform/venue-link';
import { EventHistory } from '../event-history.js';
import { Exchange } from '../exchange.js';
import { type ExchangeSettings } from '../exchange-settings.js';
import { Client, keys } from './client.js';
import { funding, listing } from './opening.js';

/** event-history-thread.js as built: the modules of a spec exist in memory only, and a thread needs a file. */
export const HISTORY_THREAD = new URL('../../../dist/apps/exchange/event-history-thread.js', import.meta.url);

/** A venue in this process on a folder of its own: real files, real sockets. One at a time, since there is one engine. */
export class Room {
  readonly folder = mkdtempSync(join(tmpdir(), 'exchange-'));
  readonly lines: string[] = [];
  readonly clients: Client[] = [];
  fatal: Error | undefined;
  #exchange: Exchange | undefined;

  get exchange(): Exchange {
    if (this.#exchange === undefined) throw new Error('the exchange has not been started');
    return this.#exchange;
  }

  get address(): { path: string } {
    return { path: join(this.folder, 'exchange.sock') };
  }

  get journalFolder(): string {
    return join(this.folder, 'journal');
  }

  async start(settings: Partial<ExchangeSettings> = {}): Promise<this> {
    this.#exchange = await Exchange.start({
      folder: this.journalFolder,
      socketPath: this.address.path,
      keys,
      heartbeatMs: 200,
      ringBytes: 4 * 1024 * 1024,
      history: new EventHistory(this.journalFolder, HISTORY_THREAD),
      say: (line) => void this.lines.push(line),
      onFatal: (error) => (this.fatal = error),
      ...settings,
      journal: { mode: 'inline', segmentBytes: 4 * 1024 * 1024, reserveBytes: 64 * 1024, ...settings.journal },
    });
    return this;
  }

  async connect(role: LinkRole, options: Partial<ExchangeLinkOptions> & { keeps?: boolean } = {}): Promise<Client> {
    const client = await Client.connect(this.address, role, options);
    this.clients.push(client);
    return client;
  }

  /** Lists the instrument and funds two customers. */
  async open(): Promise<void> {
    await (await this.connect('operator')).do(listing);
    await (await this.connect('settlement')).do(funding);
  }

  /** One command by whoever may send it. */
  async operate(...commands: EngineCommandDraft[]): Promise<number[]> {
    const operator = await this.connect('operator');
    const sequences = await operator.do(commands);
    operator.link.close();
    return sequences;
  }

  async stop(): Promise<void> {
    for (const client of this.clients.splice(0)) client.link.destroy();
    await this.#exchange?.stop();
    this.#exchange = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
