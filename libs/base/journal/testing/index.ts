export { type FailingOperation, PowerFailure, SimulatedDisk } from './simulated-disk.js';
export { seededRandom } from './seeded-random.js';
export { SteppedThread } from './stepped-thread.js';

/** journal-thread.js as built: the modules of a spec exist in memory only, and a thread needs a file. */
export const BUILT_THREAD = new URL('../../../../dist/libs/base/journal/journal-thread.js', import.meta.url);
