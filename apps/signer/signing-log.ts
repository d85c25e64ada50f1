import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';

const decimal = z.string().regex(/^\d{1,78}$/).transform(BigInt); // prettier-ignore

const entrySchema = z.strictObject({
  /** Milliseconds since 1970; never decreases from entry to entry, whatever the machine's clock does. */
  at: z.int(),
  intentId: z.string(),
  attempt: z.int(),
  purpose: z.enum(['withdrawal', 'sweep', 'cancel']),
  chainId: z.string(),
  asset: z.string(),
  destination: z.string(),
  amount: decimal,
  fee: decimal,
  /** SHA-256 of the unsigned transaction. */
  digest: z.string(),
  /** What a conflicting transaction has to share: outpoints on Bitcoin, account and nonce on Ethereum. */
  claims: z.array(z.string()),
  raw: z.string(),
  txid: z.string(),
});
export type LogEntry = z.infer<typeof entrySchema>;

/** The log is not what was written: somebody or something changed it. Signing on would forget signatures that are out there. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged';
}

const GENESIS = '0'.repeat(64);

/**
 * Every signature ever given, in a file that only grows. An entry is on disk before its signature leaves the process. Lines are chained
 * by hash, so an edit or a cut in the middle stops the start; a torn last line was never acknowledged and is dropped.
 */
export class SigningLog {
  readonly #file: FileHandle;
  readonly #entries: LogEntry[] = [];
  readonly #byIntent = new Map<string, LogEntry[]>();
  readonly #owners = new Map<string, string>();
  #head: string;

  private constructor(file: FileHandle, entries: readonly LogEntry[], head: string) {
    this.#file = file;
    this.#head = head;
    for (const entry of entries) this.#remember(entry);
  }

  /** @throws LogDamaged */
  static async open(path: string): Promise<SigningLog> {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return Buffer.alloc(0);
      throw error;
    });
    const whole = bytes.lastIndexOf(0x0a) + 1;
    const { entries, head, kept } = replay(bytes.subarray(0, whole).toString('utf8'));
    const file = await open(path, 'a', 0o600);
    if (kept < bytes.length) await file.truncate(kept);
    await file.sync();
    const folder = await open(dirname(path), 'r');
    await folder.sync();
    await folder.close();
    return new SigningLog(file, entries, head);
  }

  get length(): number {
    return this.#entries.length;
  }

  /** The machine's time, or that of the last entry when the clock has stepped back. */
  time(clockMs: number): number {
    return Math.max(clockMs, this.#entries.at(-1)?.at ?? 0);
  }

  ofIntent(intentId: string): readonly LogEntry[] {
    return this.#byIntent.get(intentId) ?? [];
  }

  /** The intent that a claim was signed for first, if any. */
  ownerOf(claim: string): string | undefined {
    return this.#owners.get(claim);
  }

  /** Sum of the amounts of withdrawals first signed after `since`, each intent once. */
  withdrawnSince(asset: string, since: number): bigint {
    let sum = 0n;
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at];
      if (entry === undefined || entry.at <= since) break;
      if (entry.asset === asset && entry.purpose === 'withdrawal' && entry.attempt === 1) sum += entry.amount;
    }
    return sum;
  }

  /**
   * Appends and syncs. @throws when the disk does not take it; the log is then unusable, since what reached the disk is unknown, and the
   * process has to end and read it again.
   */
  async append(entry: LogEntry): Promise<void> {
    const json = JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
    const hash = chain(this.#head, json);
    await this.#file.appendFile(`${hash} ${json}\n`);
    await this.#file.datasync();
    this.#remember(entry);
    this.#head = hash;
  }

  #remember(entry: LogEntry): void {
    this.#entries.push(entry);
    const ofIntent = this.#byIntent.get(entry.intentId);
    if (ofIntent === undefined) this.#byIntent.set(entry.intentId, [entry]);
    else ofIntent.push(entry);
    for (const claim of entry.claims) if (!this.#owners.has(claim)) this.#owners.set(claim, entry.intentId);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function replay(text: string): { entries: LogEntry[]; head: string; kept: number } {
  const entries: LogEntry[] = [];
  let head = GENESIS;
  let kept = 0;
  const lines = text.split('\n').slice(0, -1);
  for (const [at, line] of lines.entries()) {
    const entry = parseLine(line, head);
    if (entry === undefined) {
      // A torn write may end in a newline too, when the file system had grown the file before the bytes arrived.
      if (at === lines.length - 1) break;
      throw new LogDamaged(`entry ${at + 1} of the signing log does not follow from the one before it`);
    }
    entries.push(entry);
    head = line.slice(0, 64);
    kept += Buffer.byteLength(line) + 1;
  }
  return { entries, head, kept };
}

function parseLine(line: string, head: string): LogEntry | undefined {
  const json = line.slice(65);
  if (chain(head, json) !== line.slice(0, 64) || line[64] !== ' ') return undefined;
  return entrySchema.parse(JSON.parse(json));
}

function chain(head: string, json: string): string {
  return createHash('sha256').update(head).update(json).digest('hex');
}
