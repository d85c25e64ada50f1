import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 100;
const WAIT_MS = 120_000;

/**
 * Waits for a lock that is tried again and again: a statement that blocks for it would deadlock with the CREATE INDEX CONCURRENTLY of whoever holds it.
 * @throws Error after two minutes
 */
export async function pollForLock(tryLock: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + WAIT_MS; ;) {
    if (await tryLock()) return;
    if (performance.now() > deadline) throw new Error('another process has been migrating for two minutes');
    await sleep(POLL_MS);
  }
}
