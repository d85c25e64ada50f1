import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type QuickFixFiles } from './prepare-quickfix.js';

const PATIENCE_MS = 60_000;

/** What QuickFIX told: `app` and `admin` came in and passed its dictionary, `sent` went out, `log` is what it says of itself. */
export interface Told {
  readonly event: 'ready' | 'logon' | 'logout' | 'admin' | 'app' | 'sent' | 'unsent' | 'log' | 'stopped' | 'failed';
  readonly text: string;
}

/** A message as its fields, first to last. */
export class Fields {
  readonly #pairs: readonly (readonly [number, string])[];

  constructor(readonly text: string) {
    this.#pairs = text
      .split('|')
      .filter((field) => field.includes('='))
      .map((field) => [Number(field.slice(0, field.indexOf('='))), field.slice(field.indexOf('=') + 1)] as const);
  }

  get(tag: number): string | undefined {
    return this.#pairs.find(([it]) => it === tag)?.[1];
  }

  all(tag: number): string[] {
    return this.#pairs.filter(([it]) => it === tag).map(([, value]) => value);
  }

  /** The fields of these tags, for comparing. */
  pick(...tags: number[]): Record<number, string | undefined> {
    return Object.fromEntries(tags.map((tag) => [tag, this.get(tag)]));
  }
}

export interface QuickFixAccount {
  readonly compId: string;
  readonly username: string;
  readonly password: string;
}

/** A QuickFIX initiator in a process of its own; its numbers and messages are kept in files, so that it can be killed and come back. */
export class QuickFixClient {
  readonly #files: QuickFixFiles;
  readonly #account: QuickFixAccount;
  readonly #folder = mkdtempSync(join(tmpdir(), 'strongroom-quickfix-'));
  readonly told: Told[] = [];
  #process: ChildProcessWithoutNullStreams | undefined;
  #waiting: (() => void)[] = [];
  #read = 0;

  constructor(files: QuickFixFiles, account: QuickFixAccount) {
    this.#files = files;
    this.#account = account;
  }

  /** Starts the process and connects. @param extra fields of the Logon */
  async connect(port: number, extra: readonly string[] = [], before: readonly string[] = []): Promise<void> {
    const settings = join(this.#folder, 'settings.cfg');
    writeFileSync(settings, settingsOf(this.#account.compId, port, this.#folder, this.#files.dictionary));
    const { username, password } = this.#account;
    const child = spawn(this.#files.initiator, [settings, username, password]);
    this.#process = child;
    createInterface(child.stdout).on('line', (line) => {
      this.told.push(JSON.parse(line) as Told);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    child.stdin.on('error', () => undefined);
    await this.next('ready');
    for (const command of before) this.command(command);
    for (const field of extra) this.command(`logon-field ${field}`);
    this.command('start');
  }

  async logOn(port: number, extra: readonly string[] = [], before: readonly string[] = []): Promise<void> {
    await this.connect(port, extra, before);
    await this.next('logon');
  }

  command(line: string): void {
    this.#process?.stdin.write(`${line}\n`);
  }

  send(...fields: string[]): void {
    this.command(`send ${fields.join('|')}`);
  }

  /** The next thing of that kind told after the last one that was asked for; what is passed over stays passed over. */
  async next(event: Told['event'], is: (fields: Fields) => boolean = () => true): Promise<Fields> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      while (this.#read < this.told.length) {
        const it = this.told[this.#read];
        this.#read += 1;
        if (it?.event === event && is(new Fields(it.text))) return new Fields(it.text);
      }
      if (Date.now() > deadline)
        throw new Error(`no ${event} came; last: ${JSON.stringify(this.told.slice(-8), null, 1)}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 200);
        this.#waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** The next application message of that type. */
  app(msgType: string, is: (fields: Fields) => boolean = () => true): Promise<Fields> {
    return this.next('app', (fields) => fields.get(35) === msgType && is(fields));
  }

  /** The next execution report of that ExecType. */
  report(execType: string, is: (fields: Fields) => boolean = () => true): Promise<Fields> {
    return this.app('8', (fields) => fields.get(150) === execType && is(fields));
  }

  /** All that came in, in order, of an event. */
  all(event: Told['event'], msgType?: string): Fields[] {
    const found = this.told.filter((it) => it.event === event).map(({ text }) => new Fields(text));
    return msgType === undefined ? found : found.filter((fields) => fields.get(35) === msgType);
  }

  /** Logs out and ends the process. */
  async stop(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await once(child, 'exit');
    clearTimeout(timer);
  }

  /** As a power failure does. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

const settingsOf = (compId: string, port: number, folder: string, dictionary: string): string => `
[DEFAULT]
ConnectionType=initiator
ReconnectInterval=1
LogonTimeout=20
LogoutTimeout=2
HeartBtInt=30
StartTime=00:00:00
EndTime=00:00:00
FileStorePath=${folder}/store
SocketConnectHost=127.0.0.1
SocketConnectPort=${port}
SocketNodelay=Y
UseDataDictionary=Y
DataDictionary=${dictionary}
PersistMessages=Y
[SESSION]
BeginString=FIX.4.4
SenderCompID=${compId}
TargetCompID=EXCHANGE
`;
