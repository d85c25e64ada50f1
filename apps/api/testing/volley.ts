import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface VolleyRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface VolleyAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** Ours, so that a spec can see that no two requests shared a connection. */
  readonly port: number;
}

/**
 * POSTs each request on a connection of its own, synchronised by the last byte: all are sent but for that, and then all last bytes at once, so that
 * the server has every request in hand in the same moment.
 */
export async function volley(port: number, requests: readonly VolleyRequest[]): Promise<VolleyAnswer[]> {
  const shots = await Promise.all(requests.map((request) => load(port, request)));
  for (const { socket, lastByte } of shots) socket.write(lastByte);
  return Promise.all(shots.map(async ({ answer, port: ours }) => ({ ...parsed(await answer), port: ours })));
}

interface Shot {
  readonly socket: Socket;
  readonly port: number;
  readonly lastByte: Buffer;
  readonly answer: Promise<string>;
}

async function load(port: number, { path, headers, body }: VolleyRequest): Promise<Shot> {
  const content = Buffer.from(JSON.stringify(body));
  const lines = Object.entries({
    ...headers,
    host: `127.0.0.1:${port}`,
    'content-type': 'application/json',
    'content-length': String(content.length),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}`);
  const head = `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  const { localPort: ours = 0 } = socket;
  const answer = wholeOf(socket);
  const allButOne = Buffer.concat([Buffer.from(head), content.subarray(0, -1)]);
  await new Promise<void>((resolve, reject) => socket.write(allButOne, (error) => (error ? reject(error) : resolve())));
  return { socket, port: ours, lastByte: content.subarray(-1), answer };
}

async function wholeOf(socket: Socket): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of socket) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function parsed(text: string): { status: number; body: Record<string, unknown> } {
  const [, status, content] = /^HTTP\/1\.1 (\d{3}) [\s\S]*?\r\n\r\n([\s\S]*)$/.exec(text) ?? [];
  if (status === undefined || content === undefined) throw new Error(`this is no answer: ${text.slice(0, 200)}`);
  // Fastify knows the length of its answers, so they do not come in chunks.
  return { status: Number(status), body: JSON.parse(content) as Record<string, unknown> };
}
