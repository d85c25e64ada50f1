import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignerClient, type TicketAuthority } from '../index.js';
import { ticketKeys } from './ticket-keys.js';

const STARTS_WITHIN_MS = 90_000;

/** A real signer process over a folder of its own, which does not outlive the test. */
export class TestSigner {
  readonly client: SignerClient;
  /** Everything that it has written to stdout and stderr. */
  output = '';
  #child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly authority: TicketAuthority,
    private readonly environment: Readonly<Record<string, string>>,
  ) {
    this.client = new SignerClient(this.socketPath);
  }

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<TestSigner> {
    const folder = await mkdtemp(join(tmpdir(), 'signer-'));
    const { authority, publicKeyPem } = ticketKeys();
    await writeFile(join(folder, 'ticket-key.pub'), publicKeyPem);
    await writeFile(join(folder, 'passphrase'), 'a passphrase for specs only', { mode: 0o600 });
    const signer = new TestSigner(folder, authority, environment);
    await signer.run();
    return signer;
  }

  get socketPath(): string {
    return join(this.folder, 'signer.sock');
  }

  /** Starts the process over the same folder and waits until it answers. */
  async run(): Promise<void> {
    const child = this.#spawn();
    this.#child = child;
    for (const deadline = Date.now() + STARTS_WITHIN_MS; ; await sleep(20)) {
      if (child.exitCode !== null || Date.now() > deadline)
        throw new Error(`the signer did not start:\n${this.output}`);
      const answered = await this.client.describe().catch(() => undefined);
      if (answered !== undefined) return;
    }
  }

  /** Starts a second process beside the first; resolves with its exit code. */
  async runAnother(): Promise<number | null> {
    const child = this.#spawn();
    return new Promise((resolve) => child.once('exit', resolve));
  }

  /** Ends the process as a power cut would. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Stops the process and forgets its folder. */
  async close(): Promise<void> {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(): ChildProcess {
    const child = spawn(process.execPath, [signerProgram()], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        SIGNER_SOCKET: this.socketPath,
        SIGNER_DATA_DIR: join(this.folder, 'data'),
        HOT_KEY_FOLDER: join(this.folder, 'keys'),
        HOT_KEY_PASSPHRASE_FILE: join(this.folder, 'passphrase'),
        SIGNER_TICKET_PUBLIC_KEY_FILE: join(this.folder, 'ticket-key.pub'),
        SANDBOX: '1',
        ...this.environment,
      },
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    return child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }
}

function signerProgram(): string {
  for (let at = import.meta.dirname; ; at = dirname(at)) {
    const program = join(at, 'dist/apps/signer/main.js');
    if (existsSync(program)) return program;
    if (at === dirname(at)) throw new Error('dist/apps/signer/main.js is missing: npm run build');
  }
}
