import { setTimeout as sleep } from 'node:timers/promises';

const TRIES = 20;
const PAUSE_MS = 150;

/**
 * Asks again while the answer is `undefined`, which says that the chain was ahead of our cursor, or moved, at that instant. Blocks come every so often and the
 * cursor follows within a second, so that the two stand together most of the time; a schedule that came at the wrong instant would otherwise lose its whole turn.
 * `undefined` when it moved all the while, three seconds.
 */
export async function whenStill<Answer>(ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
  for (let tries = 1; ; tries += 1) {
    const answer = await ask();
    if (answer !== undefined || tries === TRIES) return answer;
    await sleep(PAUSE_MS);
  }
}
