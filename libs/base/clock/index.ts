export { CLOCK, ManualClock, systemClock, type Clock } from './clock.js';
export { PROPAGATION_MS, SandboxClock } from './sandbox-clock.js';
