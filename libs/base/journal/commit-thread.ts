import { Worker } from 'node:worker_threads';
import { CONTROL, type Ring, STATUS } from './ring.js';

/** A second thread that takes turns at writing. It is woken through the ring. */
export interface CommitThread {
  /** Ends it when it has finished its turn. */
  stop(): Promise<void>;
}

export interface ThreadEvents {
  /** More is durable, or there is no space. */
  progress(): void;
  failure(error: Error): void;
}

export type StartThread = (ring: Ring, folder: string, events: ThreadEvents) => CommitThread;

/** Starts the real one. `script` is another build of journal-thread.js, for specs whose own modules are not on disk. */
export const startCommitThread =
  (script: URL = new URL('./journal-thread.js', import.meta.url)): StartThread =>
  (ring, folder, events) => {
    const worker = new Worker(script, { workerData: { memory: ring.memory, folder } });
    let isStopping = false;
    worker.on('message', (message: 'progress' | { message: string; code?: string }) => {
      if (message === 'progress') events.progress();
      else events.failure(Object.assign(new Error(message.message), { code: message.code }));
    });
    worker.on('error', (error: unknown) => events.failure(error instanceof Error ? error : new Error(String(error))));
    const ended = new Promise<void>((resolve) => {
      worker.on('exit', (code) => {
        if (!isStopping) events.failure(new Error(`the journal's thread ended by itself with code ${code}`));
        resolve();
      });
    });
    worker.unref();
    return {
      async stop() {
        isStopping = true;
        worker.ref();
        Atomics.compareExchange(ring.control, CONTROL.status, STATUS.running, STATUS.closing);
        Atomics.compareExchange(ring.control, CONTROL.status, STATUS.noSpace, STATUS.closing);
        wakeThread(ring);
        await ended;
      },
    };
  };

export function wakeThread(ring: Ring): void {
  Atomics.add(ring.control, CONTROL.signal, 1);
  Atomics.notify(ring.control, CONTROL.signal);
}
