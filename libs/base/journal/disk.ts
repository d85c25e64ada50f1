/**
 * What the journal asks of a disk. Failures are errors with an errno `code` (`ENOSPC`, `EIO`, `ENOENT`, `EEXIST`).
 *
 * What is assumed of a real one: a synced byte stays what it is until it is overwritten, also when its neighbours in the same
 * sector are (SQLite calls that powersafe overwrite); a rename happens wholly or not at all. Nothing is assumed about bytes, sizes
 * or names that were not synced.
 */
export interface Disk {
  /** `write` and `read` need the file to be there; `create` takes it or makes it; `exclusive` makes it or fails with EEXIST. */
  open(path: string, mode: 'read' | 'write' | 'create' | 'exclusive'): number;
  close(file: number): void;
  size(file: number): number;
  /** Fills `bytes` from `start` for `length` bytes and answers how many there were before the file ended. */
  read(file: number, bytes: Uint8Array, start: number, length: number, position: number): number;
  /** Writes all `length` bytes or throws. */
  write(file: number, bytes: Uint8Array, start: number, length: number, position: number): void;
  /** fdatasync: contents and size are durable when it returns. */
  sync(file: number): void;
  truncate(file: number, size: number): void;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Names in a folder, sorted; none when there is no such folder. */
  list(folder: string): string[];
  /** With all folders above it; their names are durable when it returns. */
  makeFolder(folder: string): void;
  /** Makes the folder's names durable. */
  syncFolder(folder: string): void;
  freeBytes(folder: string): number;
  /** Makes a new file of `bytes` zeros in `folder`, contents and name durable, its space taken on the disk. A failed attempt leaves no file. */
  preallocate(folder: string, name: string, bytes: number): void;
  /** The same off the calling thread; `done` is called on it. */
  preallocateInBackground(folder: string, name: string, bytes: number, done: Done): void;
  /** `write` of the whole of `bytes` and `sync`, off the calling thread. */
  writeInBackground(file: number, bytes: Uint8Array, position: number, done: Done): void;
  syncInBackground(file: number, done: Done): void;
  syncFolderInBackground(folder: string, done: Done): void;
}

export type Done = (error: Error | null) => void;

export const hasCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;

/** Reads `length` bytes at `position`, or fewer where the file ends. */
export function readBytes(disk: Disk, file: number, position: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const got = disk.read(file, bytes, filled, length - filled, position + filled);
    if (got === 0) break;
    filled += got;
  }
  return filled === length ? bytes : bytes.slice(0, filled);
}
