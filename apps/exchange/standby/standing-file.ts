import { join } from 'node:path';
import { z } from 'zod';
import { type Disk } from '@base/journal';

const NAME = 'standing';
const INCOMING = 'standing.incoming';
const LONGEST = 1024 * 1024;

const schema = z.object({
  /** superseded: it was the primary until a higher term began. */
  role: z.enum(['primary', 'follower', 'superseded']),
  /** Of the last command in the journal here; 0 before any. */
  term: z.number().int().min(0),
  /** The venue's history: commands behind `after` are of `term`, up to where the next one begins. */
  terms: z.array(z.object({ term: z.number().int().min(1), after: z.number().int().min(0) })),
  /** The journal here has no command up to this one: it began with a snapshot from elsewhere. */
  beganAfter: z.number().int().min(0),
  /** The command after which the state here was found to be another than the primary's. */
  differsAt: z.number().int().min(1).nullable(),
  /** The term that ended this one's. */
  supersededBy: z.number().int().min(0),
  /** What the primary had released when it was followed last: until the journal here has that, a promotion would lose it. */
  owed: z.number().int().min(0),
});

export type StandingRecord = z.infer<typeof schema>;
export type TermStart = StandingRecord['terms'][number];

export const FIRST_PRIMARY: StandingRecord = {
  role: 'primary',
  term: 1,
  terms: [{ term: 1, after: 0 }],
  beganAfter: 0,
  differsAt: null,
  supersededBy: 0,
  owed: 0,
};

export const NEW_FOLLOWER: StandingRecord = { ...FIRST_PRIMARY, role: 'follower', term: 0, terms: [] };

/**
 * What a process is to the venue, beside its journal and as durable: whether it leads, under which term, and what it has learned about that.
 * It outlives restarts, so that a primary that was replaced stays replaced whatever its configuration says.
 */
export class StandingFile {
  readonly #disk: Disk;
  readonly #folder: string;
  #record: StandingRecord;

  private constructor(disk: Disk, folder: string, record: StandingRecord) {
    this.#disk = disk;
    this.#folder = folder;
    this.#record = record;
  }

  /** What stands in the folder, or `fallback` in a new one. @throws Error when it cannot be understood */
  static open(disk: Disk, folder: string, fallback: StandingRecord): StandingFile {
    const record = readRecord(disk, folder);
    const file = new StandingFile(disk, folder, record ?? fallback);
    if (record === undefined) file.write(fallback);
    return file;
  }

  /** What stands in the folder, without taking it; undefined in a new one. */
  static peek(disk: Disk, folder: string): StandingRecord | undefined {
    return readRecord(disk, folder);
  }

  get record(): StandingRecord {
    return this.#record;
  }

  /** Durable when it returns: wholly, or not at all. */
  write(change: Partial<StandingRecord>): void {
    const record = { ...this.#record, ...change };
    const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
    const disk = this.#disk;
    disk.makeFolder(this.#folder);
    const incoming = join(this.#folder, INCOMING);
    const file = disk.open(incoming, 'create');
    disk.truncate(file, 0);
    disk.write(file, bytes, 0, bytes.length, 0);
    disk.sync(file);
    disk.close(file);
    disk.rename(incoming, join(this.#folder, NAME));
    disk.syncFolder(this.#folder);
    this.#record = record;
  }
}

function readRecord(disk: Disk, folder: string): StandingRecord | undefined {
  if (!disk.list(folder).includes(NAME)) return undefined;
  const file = disk.open(join(folder, NAME), 'read');
  const bytes = new Uint8Array(Math.min(LONGEST, disk.size(file)));
  const length = disk.read(file, bytes, 0, bytes.length, 0);
  disk.close(file);
  const parsed = schema.safeParse(JSON.parse(new TextDecoder().decode(bytes.subarray(0, length))));
  if (parsed.success) return parsed.data;
  throw new Error(`${join(folder, NAME)} does not say what this process is to the venue: ${parsed.error.message}`);
}

/** The last command that a journal of `term` shares with this history; what lies behind it was never the venue's. */
export function sharedUpTo(terms: readonly TermStart[], term: number): number {
  return terms.find((start) => start.term > term)?.after ?? Infinity;
}
