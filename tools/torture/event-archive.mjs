/**
 * Kafka for a campaign: librdkafka's mock cluster behind addresses that outlive it. The mock keeps everything in the memory of its process, a real broker
 * keeps it on disk; so a kill first cuts every connection, as the producer sees a death, then reads what the brokers had, and then ends the process.
 * What was acknowledged counts as kept.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../launcher/root.mjs';

const BROKERS = 3;
const AWAY_MS = 1_000;
/** Topics, with the headers that tell a place (docs/event-log.md). */
const DOMAIN = { topic: 'strongroom.domain.v1', names: ['commit', 'seq'] };
const ENGINE = { topic: 'strongroom.engine.v1', names: ['sequence', 'index'] };

/** @typedef {{ epoch: number, partition: number, offset: number, place: readonly [bigint, bigint], id: string | undefined, value: string }} Kept */

export class EventArchive {
  #testing;
  #proxy;
  #mock;
  /** @type {{ engine: Kept[], domain: Kept[] }} */
  #kept = { engine: [], domain: [] };
  #epoch = 0;

  constructor(testing, proxy) {
    this.#testing = testing;
    this.#proxy = proxy;
  }

  static async open() {
    const testing = await import(pathToFileURL(join(ROOT, 'dist/libs/base/event-log/testing/index.js')).href);
    return new EventArchive(testing, await testing.KafkaProxy.open(BROKERS));
  }

  /** @returns {string[]} `host:port` */
  get brokers() {
    return this.#proxy.brokers;
  }

  async start() {
    this.#mock = await this.#testing.MockKafka.start(BROKERS);
    this.#proxy.pointAt(this.#mock.brokers);
  }

  /** @returns {Promise<() => boolean>} whether it is back */
  async kill() {
    this.#proxy.pointAt([]);
    await this.#drain();
    await this.#mock.kill();
    this.#epoch += 1;
    let isBack = false;
    setTimeout(() => void this.start().then(() => (isBack = true)), AWAY_MS);
    return () => isBack;
  }

  /** Everything that it ever had, in the order of each partition. */
  async read() {
    await this.#drain();
    return this.#kept;
  }

  async close() {
    await this.#proxy.close();
    await this.#mock?.kill();
  }

  /** What the brokers have, once. */
  async #drain() {
    await this.#drainInto(this.#kept.engine, ENGINE);
    await this.#drainInto(this.#kept.domain, DOMAIN);
    this.#proxy.produced.length = 0;
  }

  async #drainInto(kept, { topic, names }) {
    const epoch = this.#epoch;
    const had = new Set(
      kept.filter((it) => it.epoch === epoch).map(({ partition, offset }) => `${partition}/${offset}`),
    );
    for (const { partition, offset, headers, value } of await this.#mock.read(topic)) {
      if (had.has(`${partition}/${offset}`)) continue;
      const [major = 0n, minor = 0n] = names.map((name) => BigInt(headers[name]));
      kept.push({ epoch, partition, offset, place: [major, minor], id: headers.id, value });
    }
  }
}
