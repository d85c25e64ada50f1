import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type Logger } from '@base/observability';
import { type SignerResponse } from '@core/contracts';
import { encodeFrame, FrameReader } from '@platform/keys';
import { type Signer } from './signer.js';

/** How long a caller may take to send a whole request, and to read its answer. */
const IDLE_MS = 30_000;
const MAX_CONNECTIONS = 64;

export interface RunningServer {
  close(): Promise<void>;
}

/**
 * Serves the signer on a Unix socket that only this user may open. There is no TCP. `onBroken` is told when the signer must not go on.
 * @throws when another signer answers on the socket already.
 */
export async function serveSigner(
  signer: Signer,
  options: { socketPath: string; logger: Logger; onBroken: (error: unknown) => void },
): Promise<RunningServer> {
  const { socketPath, logger, onBroken } = options;
  await takeSocket(socketPath);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serveConnection(socket, signer, logger, onBroken);
  });
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, socketPath);
  await chmod(socketPath, 0o600);
  return {
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
      await rm(socketPath, { force: true });
    },
  };
}

function serveConnection(socket: Socket, signer: Signer, logger: Logger, onBroken: (error: unknown) => void): void {
  const reader = new FrameReader();
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let messages: unknown[];
    try {
      messages = reader.push(chunk);
    } catch {
      // After a broken frame nothing tells where the next one starts.
      socket.destroy();
      return;
    }
    for (const message of messages) {
      signer.handle(message).then(
        (response) => {
          report(logger, message, response);
          if (socket.writable) socket.write(encodeFrame(response));
        },
        (error: unknown) => {
          socket.destroy();
          onBroken(error);
        },
      );
    }
  });
}

function report(logger: Logger, message: unknown, response: SignerResponse): void {
  const ticket = (message as { ticket?: { intentId?: unknown } } | null)?.ticket;
  const intentId = typeof ticket?.intentId === 'string' ? ticket.intentId.slice(0, 64) : undefined;
  if (response.type === 'refused')
    logger.warn({ intentId, refusal: response.refusal, detail: response.detail }, 'refused to sign');
  else if (response.type === 'signed')
    logger.info({ intentId, txid: response.txid, entry: response.logLength }, 'signed');
  else if (response.type === 'frozen') logger.warn('frozen: signing is stopped until the flag is removed by hand');
}

/** Removes the socket file of a signer that is gone; refuses when one is there. */
async function takeSocket(socketPath: string): Promise<void> {
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  const exists = await stat(socketPath).then(
    (found) => found.isSocket(),
    () => false,
  );
  if (!exists) return;
  if (await answers(socketPath)) throw new Error(`another signer listens on ${socketPath}`);
  await rm(socketPath, { force: true });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socketPath);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

function listen(server: Server, socketPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // The mask makes the socket private from its first moment, not only after the chmod.
    const before = process.umask(0o177);
    server.listen(socketPath, () => {
      server.off('error', reject);
      resolve();
    });
    process.umask(before);
  });
}
