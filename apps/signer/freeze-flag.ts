import { access, open } from 'node:fs/promises';
import { join } from 'node:path';

const FILE = 'FROZEN';

/** A file that stops all signing. Read before every signature; the signer can set it, and only a person with a shell can remove it. */
export class FreezeFlag {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, FILE);
  }

  /** An unreadable flag counts as set. */
  async isSet(): Promise<boolean> {
    try {
      await access(this.#path);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  }

  async set(reason: string, at: Date): Promise<void> {
    const file = await open(this.#path, 'a', 0o600);
    await file.appendFile(`${at.toISOString()} ${JSON.stringify(reason)}\n`);
    await file.sync();
    await file.close();
  }
}
