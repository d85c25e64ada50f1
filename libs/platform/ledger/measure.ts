import { histogram } from '@base/observability';

const seconds = histogram({
  name: 'strongroom_ledger_post_seconds',
  help: 'How long a posting took: inside a caller’s transaction (post) or through the batching poster (submit)',
  labels: ['door', 'outcome'],
});

/** Runs a posting and notes how long it took and whether it was refused. */
export async function measured<T>(door: 'post' | 'submit', posting: () => Promise<T>): Promise<T> {
  const stop = seconds.startTimer({ door });
  try {
    const posted = await posting();
    stop({ outcome: 'posted' });
    return posted;
  } catch (error) {
    stop({ outcome: 'refused' });
    throw error;
  }
}
