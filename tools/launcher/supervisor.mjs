/**
 * Keeps a table of services running. Each starts when those it comes after are ready, comes back after a crash with growing
 * pauses, and stops only after those that came after it.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN_MS = 90_000;
const POLL_MS = 50;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
// A process that lived this long did not crash because of what it found at its start.
const STEADY_AFTER_MS = 5_000;
const GRACE_MS = 2_500;

/**
 * @typedef {object} Running
 * @property {number} [pid]
 * @property {Promise<string>} exited how it ended, in words; never rejects
 * @property {() => void} askToStop
 * @property {() => void} kill
 *
 * @typedef {object} Service
 * @property {string} name
 * @property {readonly string[]} after names of services and tasks that must be ready before
 * @property {() => Running | Promise<Running>} start
 * @property {() => Promise<boolean>} ready
 * @property {number} [graceMs] how long it may take to stop
 *
 * @typedef {object} Task runs once, to its end
 * @property {string} name
 * @property {readonly string[]} after
 * @property {() => Promise<unknown>} run
 *
 * @typedef {object} Watcher told what happens
 * @property {(name: string, tookMs: number) => void} ready
 * @property {(name: string, how: string, pauseMs: number) => void} crashed
 * @property {(processes: Record<string, { pid?: number, restarts: number, ready: boolean }>) => void} changed
 */

export class Supervisor {
  /** @type {Map<string, Supervised>} */
  #services = new Map();
  #watcher;
  #table;
  #stopping = false;
  /** @type {Promise<void> | undefined} */
  #stopped;

  /**
   * @param {readonly (Service | Task)[]} table
   * @param {Watcher} watcher
   */
  constructor(table, watcher) {
    refuseUnknownNames(table);
    this.#table = table;
    this.#watcher = watcher;
  }

  /** Resolves when everything is ready; rejects when something ends before it was. Call `down()` either way. */
  async up() {
    /** @type {Map<string, Promise<void>>} */
    const ready = new Map();
    for (const item of this.#table)
      ready.set(
        item.name,
        this.#bringUp(
          item,
          item.after.map((name) => ready.get(name)),
        ),
      );
    await Promise.all(ready.values());
  }

  async #bringUp(item, earlier) {
    await Promise.all(earlier);
    if (this.#stopping) throw new Error('stopped while starting');
    const startedAt = Date.now();
    if ('run' in item) await item.run();
    else {
      const supervised = new Supervised(item, this.#watcher, () => this.#watcher.changed(this.processes()));
      this.#services.set(item.name, supervised);
      await supervised.up();
    }
    this.#watcher.ready(item.name, Date.now() - startedAt);
  }

  processes() {
    return Object.fromEntries([...this.#services].map(([name, service]) => [name, service.state()]));
  }

  /** Stops everything that was started, in reverse order; what does not stop in its time is killed. May be called twice. */
  down() {
    this.#stopping = true;
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll() {
    /** @type {Map<string, Promise<unknown>>} */
    const gone = new Map();
    for (const item of [...this.#table].reverse()) {
      const later = this.#table.filter(({ after }) => after.includes(item.name)).map(({ name }) => gone.get(name));
      gone.set(
        item.name,
        Promise.all(later).then(() => this.#services.get(item.name)?.down()),
      );
    }
    await Promise.all(gone.values());
  }
}

function refuseUnknownNames(table) {
  const known = new Set();
  for (const { name, after } of table) {
    const missing = after.find((it) => !known.has(it));
    if (missing) throw new Error(`${name} comes after ${missing}, which is not listed before it`);
    known.add(name);
  }
}

/** One service through its lives. */
class Supervised {
  #service;
  #watcher;
  #changed;
  /** @type {Running | undefined} */
  #running;
  #isReady = false;
  #restarts = 0;
  #stop = new AbortController();
  /** @type {Promise<void> | undefined} */
  #lives;

  /**
   * @param {Service} service
   * @param {Watcher} watcher
   * @param {() => void} changed
   */
  constructor(service, watcher, changed) {
    this.#service = service;
    this.#watcher = watcher;
    this.#changed = changed;
  }

  /** Resolves at the first readiness. An end before that is final: what never worked is not tried again. */
  async up() {
    await new Promise((ready, failed) => {
      this.#lives = this.#live(ready, failed);
    });
  }

  async down() {
    this.#stop.abort();
    this.#askToStop();
    await this.#lives;
  }

  state() {
    return { pid: this.#running?.pid, restarts: this.#restarts, ready: this.#isReady };
  }

  async #live(firstReady, failed) {
    let crashes = 0;
    for (let wasReady = false; ;) {
      const startedAt = Date.now();
      const how = await this.#liveOnce(() => {
        if (wasReady) this.#watcher.ready(this.#service.name, Date.now() - startedAt);
        wasReady = true;
        firstReady();
      });
      if (this.#stop.signal.aborted) return failed(new Error(`${this.#service.name} was stopped`));
      if (!wasReady) return failed(new Error(`${this.#service.name} did not become ready: ${how}`));
      crashes = Date.now() - startedAt > STEADY_AFTER_MS ? 0 : crashes + 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** crashes, LONGEST_PAUSE_MS);
      this.#watcher.crashed(this.#service.name, how, pauseMs);
      await sleep(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      if (this.#stop.signal.aborted) return;
      this.#restarts += 1;
    }
  }

  /** @returns {Promise<string>} how that life ended */
  async #liveOnce(onReady) {
    try {
      const running = await this.#service.start();
      this.#running = running;
      this.#changed();
      if (this.#stop.signal.aborted) this.#askToStop();
      const ended = running.exited.then((how) => ({ how }));
      const first = await Promise.race([ended, this.#becomesReady(ended)]);
      if (first === 'ready') {
        this.#isReady = true;
        this.#changed();
        onReady();
      } else if (first === 'late') {
        running.kill();
        return `no answer within ${READY_WITHIN_MS / 1000} s (${await running.exited})`;
      }
      return await running.exited;
    } catch (error) {
      return error.message;
    } finally {
      this.#running = undefined;
      this.#isReady = false;
      this.#changed();
    }
  }

  /** @returns {Promise<'ready' | 'late' | 'ended'>} */
  async #becomesReady(ended) {
    let over = false;
    void ended.then(() => (over = true));
    for (const deadline = Date.now() + READY_WITHIN_MS; Date.now() < deadline;) {
      if (over) return 'ended';
      if (await this.#service.ready()) return over ? 'ended' : 'ready';
      await sleep(POLL_MS);
    }
    return 'late';
  }

  #askToStop() {
    const running = this.#running;
    if (!running) return;
    running.askToStop();
    const impatient = setTimeout(() => running.kill(), this.#service.graceMs ?? GRACE_MS);
    void running.exited.then(() => clearTimeout(impatient));
  }
}
