export { openProcess, processConfig, type Process, type ProcessConfig } from './open-process.js';
export { PROCESS, ProcessModule } from './process.module.js';
export { runMain } from './run-main.js';
