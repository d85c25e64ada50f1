import { execFile, type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { leaveOut, onPath } from '@base/config/testing';

const START_MS = 10_000;
const run = promisify(execFile);

/** Whether there is a Kafka to test against; says so where there is none. `check` names what is left out. */
export function hasKafka(check: string): boolean {
  if (onPath('kcat')) return true;
  leaveOut(check, 'kcat is not installed');
  return false;
}

export interface Consumed {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

/**
 * librdkafka's mock cluster, inside of Debian's kcat: real brokers' protocol on real sockets, kept in the memory of a process that can be killed.
 * It makes topics on demand with four partitions, drops no repetition of an idempotent producer, and names a controller that does not exist,
 * for which `KafkaProxy` stands between.
 */
export class MockKafka {
  readonly #child: ChildProcess;
  /** `host:port` by node; the first is node 1. */
  readonly brokers: readonly string[];

  private constructor(child: ChildProcess, brokers: readonly string[]) {
    this.#child = child;
    this.brokers = brokers;
  }

  static async start(brokers = 3): Promise<MockKafka> {
    // kcat produces what its input says, which is nothing, for as long as that is open.
    const options = ['-X', `test.mock.num.brokers=${brokers}`, '-d', 'mock'];
    const child = spawn('kcat', ['-P', '-b', 'none', '-t', 'none', ...options], { stdio: ['pipe', 'ignore', 'pipe'] });
    let said = '';
    const found = new Promise<string>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no mock cluster: ${said}`)), START_MS);
      child.once('exit', () => reject(new Error(`no mock cluster: ${said}`)));
      child.stderr.on('data', (text) => {
        const addresses = /bootstrap\.servers=(\S+)/.exec((said += String(text).slice(0, 10_000)))?.[1];
        if (addresses === undefined) return;
        clearTimeout(timer);
        child.stderr.removeAllListeners('data').resume();
        resolve(addresses);
      });
    });
    return new MockKafka(child, (await found).split(','));
  }

  /** Everything that the topic has, by a consumer of another make; in the order of offsets within each partition. */
  async read(topic: string): Promise<Consumed[]> {
    const format = '%t\t%p\t%o\t%k\t%h\t%s\n';
    const hurry = ['-X', 'fetch.wait.max.ms=10', '-X', 'fetch.error.backoff.ms=10'];
    const { stdout } = await run(
      'kcat',
      ['-C', '-e', '-q', '-b', this.brokers.join(','), '-t', topic, '-f', format, ...hurry],
      { maxBuffer: 64 * 1024 * 1024 },
    );
    return stdout.split('\n').filter(Boolean).map(parsed);
  }

  /** Stops answering, with every connection open, until `thaw`. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  /** With everything that it has. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

function parsed(line: string): Consumed {
  const [topic = '', partition, offset, key = '', headers = '', ...value] = line.split('\t');
  const pairs = headers.split(',').map((pair): [string, string] => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  return {
    topic,
    partition: Number(partition),
    offset: Number(offset),
    key,
    headers: Object.fromEntries(pairs),
    value: value.join('\t'),
  };
}
