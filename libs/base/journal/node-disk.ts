import fs from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Disk, type Done, hasCode } from './disk.js';

const ZEROS = new Uint8Array(1024 * 1024);
const SYNC_EVERY_BYTES = 8 * ZEROS.length;
const FLAGS = { read: 'r', write: 'r+', create: fs.constants.O_RDWR | fs.constants.O_CREAT, exclusive: 'wx+' } as const;
/** Journals are for the process's own account alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The real disk. Its calls block the thread they are made on, but for those `InBackground`, which run on libuv's threads. */
export class NodeDisk implements Disk {
  open(path: string, mode: 'read' | 'write' | 'create' | 'exclusive'): number {
    return fs.openSync(path, FLAGS[mode], FILE_MODE);
  }

  close(file: number): void {
    fs.closeSync(file);
  }

  size(file: number): number {
    return fs.fstatSync(file).size;
  }

  read(file: number, bytes: Uint8Array, start: number, length: number, position: number): number {
    return fs.readSync(file, bytes, start, length, position);
  }

  write(file: number, bytes: Uint8Array, start: number, length: number, position: number): void {
    for (let done = 0; done < length;) {
      done += fs.writeSync(file, bytes, start + done, length - done, position + done);
    }
  }

  sync(file: number): void {
    fs.fdatasyncSync(file);
  }

  truncate(file: number, size: number): void {
    fs.ftruncateSync(file, size);
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to);
  }

  remove(path: string): void {
    fs.unlinkSync(path);
  }

  list(folder: string): string[] {
    try {
      return fs.readdirSync(folder).sort();
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return [];
      throw error;
    }
  }

  makeFolder(folder: string): void {
    const first = fs.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    if (first === undefined) return;
    for (let made = resolve(folder); made.length >= first.length; made = dirname(made)) this.syncFolder(dirname(made));
  }

  syncFolder(folder: string): void {
    const file = fs.openSync(folder, 'r');
    try {
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  }

  freeBytes(folder: string): number {
    const { bavail, bsize } = fs.statfsSync(folder);
    return bavail * bsize;
  }

  preallocate(folder: string, name: string, bytes: number): void {
    const path = join(folder, name);
    const file = this.open(path, 'exclusive');
    try {
      for (let at = 0; at < bytes; at += ZEROS.length) {
        this.write(file, ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
      }
      fs.fsyncSync(file);
    } catch (error) {
      fs.unlinkSync(path);
      throw error;
    } finally {
      fs.closeSync(file);
    }
    this.syncFolder(folder);
  }

  preallocateInBackground(folder: string, name: string, bytes: number, done: Done): void {
    this.#preallocate(folder, name, bytes).then(() => done(null), done);
  }

  writeInBackground(file: number, bytes: Uint8Array, position: number, done: Done): void {
    fs.write(file, bytes, 0, bytes.length, position, (error, written) => {
      if (error) done(error);
      else if (written < bytes.length) {
        this.writeInBackground(file, bytes.subarray(written), position + written, done);
      } else fs.fdatasync(file, done);
    });
  }

  syncInBackground(file: number, done: Done): void {
    fs.fdatasync(file, done);
  }

  syncFolderInBackground(folder: string, done: Done): void {
    syncNames(folder).then(() => done(null), done);
  }

  async #preallocate(folder: string, name: string, bytes: number): Promise<void> {
    const path = join(folder, name);
    const file = await fs.promises.open(path, FLAGS.exclusive, FILE_MODE);
    try {
      for (let at = 0; at < bytes;) {
        const { bytesWritten } = await file.write(ZEROS, 0, Math.min(ZEROS.length, bytes - at), at);
        at += bytesWritten;
        // In portions, so that the syncs of the journal beside it never wait for all of it.
        if (at % SYNC_EVERY_BYTES === 0) await file.datasync();
      }
      // With delayed allocation it is the sync that finds out whether there is space.
      await file.sync();
    } catch (error) {
      await fs.promises.unlink(path);
      throw error;
    } finally {
      await file.close();
    }
    await syncNames(folder);
  }
}

async function syncNames(folder: string): Promise<void> {
  const names = await fs.promises.open(folder, 'r');
  try {
    await names.sync();
  } finally {
    await names.close();
  }
}
