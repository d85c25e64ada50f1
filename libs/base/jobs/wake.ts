import { type Database } from '@base/database';

const QUIET_MS = 10;

/**
 * Tells listening processes that there is something new. The signal is sent after the commit, once per burst: NOTIFY inside the transaction would
 * make every commit queue for one lock. It may be lost; listeners also look by themselves.
 */
export class Wake {
  readonly #database: Database;
  readonly #channel: string;
  #pending = false;

  constructor(database: Database, channel: string) {
    this.#database = database;
    this.#channel = channel;
  }

  signal(): void {
    if (this.#pending) return;
    this.#pending = true;
    setTimeout(() => {
      this.#pending = false;
      this.#database.query('SELECT pg_notify($1, $2)', [`strongroom_${this.#channel}`, '']).catch(() => undefined);
    }, QUIET_MS).unref();
  }
}

/** Calls `wake` on each signal of the channel, reconnecting for ever; answers how to stop. */
export function listen(database: Database, channel: string, wake: () => void): () => Promise<void> {
  let stopped = false;
  let end: () => Promise<void> = () => Promise.resolve();
  const retry = (): void => {
    if (!stopped) setTimeout(() => void connect(), 1_000).unref();
  };
  const connect = async (): Promise<void> => {
    if (stopped) return;
    try {
      const client = await database.dedicatedClient();
      end = () => client.end().catch(() => undefined);
      if (stopped) return await end();
      client.on('notification', wake);
      client.once('end', retry);
      await client.query(`LISTEN strongroom_${channel}`);
      wake();
    } catch {
      retry();
    }
  };
  void connect();
  return async () => {
    stopped = true;
    await end();
  };
}
