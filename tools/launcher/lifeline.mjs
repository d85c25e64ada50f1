/**
 * Preloaded (`node --import`) into every process of ours that the launcher starts: when the launcher is gone, however it
 * went, the process asks itself to stop as SIGTERM would, and is ended if it does not.
 */
import { Socket } from 'node:net';

const descriptor = process.env.LIFELINE_FD;
// Not for workers and children of the process: their descriptor of that number is another file.
delete process.env.LIFELINE_FD;

const GRACE_MS = 3_000;

if (descriptor) {
  const lifeline = new Socket({ fd: Number(descriptor) });
  lifeline.on('error', () => {});
  lifeline.on('close', () => {
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
    process.kill(process.pid, 'SIGTERM');
  });
  lifeline.resume();
  lifeline.unref();
}
