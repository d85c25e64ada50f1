import { dirname, join } from 'node:path';
import { type Disk, type Done } from '../disk.js';

/** The power failed: thrown by the operation it met and by every one after it, until `restart`. */
export class PowerFailure extends Error {
  override readonly name = 'PowerFailure';
}

export type FailingOperation = 'write' | 'sync' | 'preallocate' | 'background';

type Change = { readonly position: number; readonly bytes: Uint8Array } | { readonly size: number };

interface Contents {
  bytes: Uint8Array;
  size: number;
}

interface StoredFile {
  /** What a reader sees: the cache. */
  readonly seen: Contents;
  /** What is on the platter for sure. */
  readonly stored: Contents;
  /** What has been changed since the last sync, in order. */
  unsynced: Change[];
}

interface NameChange {
  readonly folders: readonly string[];
  apply(names: Map<string, StoredFile>): void;
}

const SECTOR_BYTES = 512;

/**
 * A disk with a volatile cache. When the power fails, each unsynced change of a file survives wholly, in part (cut at any byte at either
 * end, or any of its sectors), or not at all, whatever became of earlier ones; so does each unsynced change of a name. A file may keep a
 * new length without its contents, with old garbage in their place. Synced bytes stay. Deterministic: all chance comes from `random`.
 */
export class SimulatedDisk implements Disk {
  /** Operations that change something; each is a point where the power can fail. */
  operations = 0;
  capacity = Infinity;
  /** Background work waits until `runBackground`. */
  isBackgroundHeld = false;
  /** Chance that what survives in part has a flipped bit as well. */
  bitFlips = 0;

  readonly #random: () => number;
  readonly #names = new Map<string, StoredFile>();
  #storedNames = new Map<string, StoredFile>();
  #unsyncedNames: NameChange[] = [];
  readonly #open = new Map<number, StoredFile>();
  readonly #held: (() => void)[] = [];
  readonly #failures: { operation: FailingOperation; code: string; times: number }[] = [];
  #nextHandle = 1;
  #failAt = Infinity;
  #isDown = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  /** The power fails at the `operations`-th changing operation from now. */
  failPowerAfter(operations: number): void {
    this.#failAt = this.operations + operations;
  }

  /** The next `times` operations of this kind fail with `code`. */
  fail(operation: FailingOperation, code: string, times = 1): void {
    this.#failures.push({ operation, code, times });
  }

  /** The power fails now, and comes back. */
  restart(): void {
    for (const change of this.#unsyncedNames) if (this.#random() < 0.5) change.apply(this.#storedNames);
    this.#names.clear();
    for (const [path, file] of this.#storedNames) this.#names.set(path, this.#survivorOf(file));
    this.#storedNames = new Map(this.#names);
    this.#unsyncedNames = [];
    this.#forgetProcess();
  }

  /** The process was killed and the machine was not: everything written is there. */
  kill(): void {
    this.#forgetProcess();
  }

  /** What a reader sees in a file, to look at. */
  contents(path: string): Uint8Array {
    const { seen } = this.#find(path);
    return seen.bytes.slice(0, seen.size);
  }

  /** Puts these bytes in place of a file's, durably and behind everybody's back. */
  replace(path: string, bytes: Uint8Array): void {
    const file = this.#names.get(path) ?? newFile();
    for (const contents of [file.seen, file.stored])
      Object.assign(contents, { bytes: bytes.slice(), size: bytes.length });
    file.unsynced = [];
    this.#names.set(path, file);
    this.#storedNames.set(path, file);
  }

  paths(): string[] {
    return [...this.#names.keys()].sort();
  }

  runBackground(): void {
    for (const work of this.#held.splice(0)) work();
  }

  open(path: string, mode: 'read' | 'write' | 'create' | 'exclusive'): number {
    this.#assertUp();
    let file = this.#names.get(path);
    if (file !== undefined && mode === 'exclusive') throw failure('EEXIST', path);
    if (file === undefined) {
      if (mode === 'read' || mode === 'write') throw failure('ENOENT', path);
      this.#step();
      const made = newFile();
      this.#rename([path], (names) => names.set(path, made));
      file = made;
    }
    const handle = this.#nextHandle++;
    this.#open.set(handle, file);
    return handle;
  }

  close(file: number): void {
    this.#open.delete(file);
  }

  size(file: number): number {
    return this.#fileOf(file).seen.size;
  }

  read(file: number, bytes: Uint8Array, start: number, length: number, position: number): number {
    const { seen } = this.#fileOf(file);
    const got = Math.max(0, Math.min(length, seen.size - position));
    bytes.set(seen.bytes.subarray(position, position + got), start);
    return got;
  }

  write(file: number, bytes: Uint8Array, start: number, length: number, position: number): void {
    this.#failWhenAsked('write');
    const stored = this.#fileOf(file);
    const growth = Math.max(0, position + length - stored.seen.size);
    if (growth > this.freeBytes()) throw failure('ENOSPC', 'write');
    const change = { position, bytes: bytes.slice(start, start + length) };
    stored.unsynced.push(change);
    this.#step();
    apply(stored.seen, change);
  }

  sync(file: number): void {
    this.#failWhenAsked('sync');
    const stored = this.#fileOf(file);
    const isTooLate = this.#random() < 0.5;
    if (isTooLate) this.#step();
    for (const change of stored.unsynced) apply(stored.stored, change);
    stored.unsynced = [];
    if (!isTooLate) this.#step();
  }

  truncate(file: number, size: number): void {
    const stored = this.#fileOf(file);
    stored.unsynced.push({ size });
    this.#step();
    apply(stored.seen, { size });
  }

  rename(from: string, to: string): void {
    const file = this.#find(from);
    this.#step();
    this.#rename([from, to], (names) => {
      if (names.get(from) === file) names.delete(from);
      names.set(to, file);
    });
  }

  remove(path: string): void {
    const file = this.#find(path);
    this.#step();
    this.#rename([path], (names) => {
      if (names.get(path) === file) names.delete(path);
    });
  }

  list(folder: string): string[] {
    this.#assertUp();
    return this.paths()
      .filter((path) => dirname(path) === folder)
      .map((path) => path.slice(folder.length + 1));
  }

  makeFolder(): void {
    this.#assertUp();
  }

  syncFolder(folder: string): void {
    this.#step();
    const [here, elsewhere] = [true, false].map((isHere) =>
      this.#unsyncedNames.filter(({ folders }) => folders.includes(folder) === isHere),
    ) as [NameChange[], NameChange[]];
    for (const change of here) change.apply(this.#storedNames);
    this.#unsyncedNames = elsewhere;
  }

  freeBytes(): number {
    let used = 0;
    if (this.capacity !== Infinity) for (const { seen } of this.#names.values()) used += seen.size;
    return this.capacity - used;
  }

  preallocate(folder: string, name: string, bytes: number): void {
    const path = join(folder, name);
    const file = this.open(path, 'exclusive');
    try {
      this.#failWhenAsked('preallocate');
      this.write(file, new Uint8Array(bytes), 0, bytes, 0);
      this.sync(file);
    } catch (error) {
      if (!this.#isDown) this.remove(path);
      throw error;
    } finally {
      this.close(file);
    }
    this.syncFolder(folder);
  }

  preallocateInBackground(folder: string, name: string, bytes: number, done: Done): void {
    this.#inBackground(() => this.preallocate(folder, name, bytes), done);
  }

  writeInBackground(file: number, bytes: Uint8Array, position: number, done: Done): void {
    this.#inBackground(() => {
      this.write(file, bytes, 0, bytes.length, position);
      this.sync(file);
    }, done);
  }

  syncInBackground(file: number, done: Done): void {
    this.#inBackground(() => this.sync(file), done);
  }

  syncFolderInBackground(folder: string, done: Done): void {
    this.#inBackground(() => this.syncFolder(folder), done);
  }

  #inBackground(work: () => void, done: Done): void {
    const run = (): void => {
      let failed: Error | null = null;
      try {
        this.#failWhenAsked('background');
        work();
      } catch (error) {
        // A machine without power calls nobody back.
        if (this.#isDown) throw error;
        failed = error as Error;
      }
      done(failed);
    };
    if (this.isBackgroundHeld) this.#held.push(run);
    else run();
  }

  #rename(paths: readonly string[], change: (names: Map<string, StoredFile>) => void): void {
    change(this.#names);
    this.#unsyncedNames.push({ folders: paths.map((path) => dirname(path)), apply: change });
  }

  #survivorOf(file: StoredFile): StoredFile {
    const { stored } = file;
    let longest = stored.size;
    for (const change of file.unsynced) {
      if ('size' in change) {
        if (this.#random() < 0.5) apply(stored, change);
        continue;
      }
      longest = Math.max(longest, change.position + change.bytes.length);
      for (const part of this.#partsOf(change)) apply(stored, part);
    }
    if (stored.size < longest && this.#random() < 0.3) {
      const garbage = new Uint8Array(longest - stored.size).map(() => (this.#random() < 0.5 ? 0 : this.#below(256)));
      apply(stored, { position: stored.size, bytes: garbage });
    }
    const seen = { bytes: stored.bytes.slice(), size: stored.size };
    return { seen, stored, unsynced: [] };
  }

  /** What survives of a write. */
  #partsOf({ position, bytes }: { position: number; bytes: Uint8Array }): { position: number; bytes: Uint8Array }[] {
    const fate = this.#random();
    if (fate < 0.3) return [];
    if (fate < 0.6) return [{ position, bytes }];
    const cut = this.#below(bytes.length + 1);
    let parts = [{ position, bytes: bytes.subarray(0, cut) }];
    if (fate > 0.75) parts = [{ position: position + cut, bytes: bytes.subarray(cut) }];
    if (fate > 0.85) parts = this.#someSectors(position, bytes);
    if (this.#random() >= this.bitFlips) return parts;
    return parts.map((part) => {
      const flipped = part.bytes.slice();
      const at = this.#below(flipped.length);
      if (flipped.length > 0) flipped[at] = (flipped[at] as number) ^ (1 << this.#below(8));
      return { position: part.position, bytes: flipped };
    });
  }

  #someSectors(position: number, bytes: Uint8Array): { position: number; bytes: Uint8Array }[] {
    const parts: { position: number; bytes: Uint8Array }[] = [];
    for (let at = position; at < position + bytes.length;) {
      const end = Math.min(position + bytes.length, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
      if (this.#random() < 0.5) parts.push({ position: at, bytes: bytes.subarray(at - position, end - position) });
      at = end;
    }
    return parts;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #step(): void {
    this.#assertUp();
    this.operations += 1;
    if (this.operations < this.#failAt) return;
    this.#isDown = true;
    this.#assertUp();
  }

  #assertUp(): void {
    if (this.#isDown) throw new PowerFailure('the power has failed');
  }

  #failWhenAsked(operation: FailingOperation): void {
    this.#assertUp();
    const asked = this.#failures.find((candidate) => candidate.operation === operation && candidate.times > 0);
    if (asked === undefined) return;
    asked.times -= 1;
    throw failure(asked.code, operation);
  }

  #forgetProcess(): void {
    this.#open.clear();
    this.#held.length = 0;
    this.#failures.length = 0;
    this.#failAt = Infinity;
    this.#isDown = false;
  }

  #find(path: string): StoredFile {
    this.#assertUp();
    const file = this.#names.get(path);
    if (file === undefined) throw failure('ENOENT', path);
    return file;
  }

  #fileOf(handle: number): StoredFile {
    this.#assertUp();
    const file = this.#open.get(handle);
    if (file === undefined) throw failure('EBADF', String(handle));
    return file;
  }
}

const newFile = (): StoredFile => ({
  seen: { bytes: new Uint8Array(64), size: 0 },
  stored: { bytes: new Uint8Array(64), size: 0 },
  unsynced: [],
});

function apply(contents: Contents, change: Change): void {
  const end = 'size' in change ? change.size : change.position + change.bytes.length;
  if (end > contents.bytes.length) {
    const grown = new Uint8Array(Math.max(end, contents.bytes.length * 2));
    grown.set(contents.bytes.subarray(0, contents.size));
    contents.bytes = grown;
  }
  if ('size' in change) {
    if (end < contents.size) contents.bytes.fill(0, end, contents.size);
    contents.size = end;
    return;
  }
  contents.bytes.set(change.bytes, change.position);
  contents.size = Math.max(contents.size, end);
}

const failure = (code: string, what: string): Error => Object.assign(new Error(`${code}: ${what}`), { code });
