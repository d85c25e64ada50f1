export { unsoundness } from './audit.js';
export { commandBuffer } from './commands.js';
export { apply } from './engine.js';
export { eventBuffer, type Release } from './event-buffer.js';
export { accountBalance, bookDepth, engineTime, lastSequence, openOrders, type DepthLevel } from './views.js';
export { advanceSnapshot, beginSnapshot, digest, reset, restore, snapshot, takeSnapshot } from './snapshot.js';
