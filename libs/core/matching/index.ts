export { unsoundness } from './audit.js';
export { commandBuffer } from './commands.js';
export { COMPILER_FLAGS } from './compiler-flags.js';
export { giveBackPiece } from './copying.js';
export { apply } from './engine.js';
export { eventBuffer, type Release } from './event-buffer.js';
export { accountBalance, type Balance, balancesInUse, bookDepth, boundSessions, engineTime, lastSequence, listedInstruments, nextDue, openOrders, type DepthLevel } from './views.js'; // prettier-ignore
export { advanceSnapshot, beginSnapshot, digest, reset, restore, snapshot, takeSnapshot } from './snapshot.js';
