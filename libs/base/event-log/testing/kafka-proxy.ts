import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
  batchesOf,
  correlationOf,
  Frames,
  METADATA,
  PRODUCE,
  type ProducedBatch,
  readdress,
  type Request,
  requestOf,
} from './kafka-wire.js';

/** What becomes of a produce request: it passes; it passes and its answer is lost with the connection; it is lost before it arrives. */
export type Fate = 'pass' | 'lose-answer' | 'lose-request';

/**
 * Stands before each broker of a mock cluster at an address that outlives it, and answers metadata with those addresses and a controller that
 * exists, without which an idempotent producer cannot begin. Sees what is produced, and can lose requests and answers.
 */
export class KafkaProxy {
  /** Everything that producers sent, in order, whether it arrived or not. */
  readonly produced: ProducedBatch[] = [];
  /** Decides about each produce request. */
  fate: (node: number, batches: readonly ProducedBatch[]) => Fate = () => 'pass';
  /** Who is told to lead a partition. */
  leaderOf: (partition: number, leader: number) => number = (_, leader) => leader;
  readonly #servers = new Map<number, Server>();
  readonly #ports = new Map<number, number>();
  readonly #sockets = new Set<Socket>();
  #upstream: readonly string[] = [];

  /** For a cluster of so many brokers, which `pointAt` names. */
  static async open(nodes = 3): Promise<KafkaProxy> {
    const proxy = new KafkaProxy();
    for (let node = 1; node <= nodes; node += 1) {
      const server = createServer((client) => proxy.#join(node, client)).listen(0, '127.0.0.1');
      await once(server, 'listening');
      proxy.#servers.set(node, server);
      proxy.#ports.set(node, (server.address() as AddressInfo).port);
    }
    return proxy;
  }

  get brokers(): string[] {
    return [...this.#ports.values()].map((port) => `127.0.0.1:${port}`);
  }

  /** `host:port` by node; none: everybody is cut off. */
  pointAt(brokers: readonly string[]): void {
    this.#upstream = brokers;
    this.cut();
  }

  /** Ends every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    for (const server of this.#servers.values()) await new Promise((resolve) => server.close(resolve));
  }

  #join(node: number, client: Socket): void {
    const [host, port] = this.#upstream[node - 1]?.split(':') ?? [];
    if (host === undefined) return void client.destroy();
    const broker = connect({ host, port: Number(port) });
    const end = (): void => {
      client.destroy();
      broker.destroy();
    };
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    const asked = new Map<number, Request & { isAnswerLost: boolean }>();
    const requests = new Frames();
    client.on('data', (bytes: Buffer) => {
      for (const frame of requests.push(bytes)) {
        const request = requestOf(frame);
        const fate = request.api === PRODUCE ? this.#judge(node, frame) : 'pass';
        if (fate === 'lose-request') return end();
        asked.set(request.correlation, { ...request, isAnswerLost: fate === 'lose-answer' });
        broker.write(frame);
      }
    });
    const answers = new Frames();
    broker.on('data', (bytes: Buffer) => {
      for (const frame of answers.push(bytes)) {
        const request = asked.get(correlationOf(frame));
        asked.delete(correlationOf(frame));
        if (request?.isAnswerLost === true) return end();
        if (request?.api === METADATA) this.#readdress(frame, request.version);
        client.write(frame);
      }
    });
  }

  #readdress(answer: Buffer, version: number): void {
    const { leaderOf } = this;
    // Nodes count from 1; the mock cluster calls 0 its controller.
    readdress(answer, version, { ports: this.#ports, controller: 1, leaderOf });
  }

  #judge(node: number, frame: Buffer): Fate {
    const batches = batchesOf(frame);
    this.produced.push(...batches);
    return this.fate(node, batches);
  }
}
