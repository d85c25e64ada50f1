import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface Received {
  readonly signature: string;
  readonly body: string;
  readonly event: { id: string; seq: number; type: string; data: Record<string, Record<string, unknown>> };
}

/** A merchant's webhook endpoint: keeps what it gets, in order of arrival, and answers as it is told. */
export class Receiver {
  readonly received: Received[] = [];
  answer = 200;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Receiver> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const signature = String(request.headers.signature);
        receiver.received.push({ signature, body, event: JSON.parse(body) as Received['event'] });
        response.writeHead(receiver.answer).end();
      });
    });
    const receiver = new Receiver(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  types(): string[] {
    return this.received.map(({ event }) => event.type);
  }

  /** Resolves when `count` deliveries have come, and fails when they do not come in time. */
  async expect(count: number, withinMs = 5_000): Promise<void> {
    const deadline = Date.now() + withinMs;
    while (this.received.length < count) {
      if (Date.now() > deadline)
        throw new Error(`got ${this.types().join(', ') || 'nothing'}, not ${count} deliveries`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
