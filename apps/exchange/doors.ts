import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';

export interface Door {
  /** Where it listens: a path, or host:port with the port that the system gave. */
  readonly at: string;
  readonly port: number | undefined;
  close(): void;
}

/** Listens on a Unix socket that only this user may open. @throws Error when another process answers there */
export async function openUnixDoor(path: string, onLink: (socket: Socket) => void): Promise<Door> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (statSync(path, { throwIfNoEntry: false })?.isSocket() === true) {
    if (await answers(path)) throw new Error(`another process listens on ${path}`);
    rmSync(path, { force: true });
  }
  // The mask makes the socket private from its first moment, not only after the chmod.
  const before = process.umask(0o177);
  const opening = open({ path }, onLink);
  process.umask(before);
  const door = await opening;
  chmodSync(path, 0o600);
  return door;
}

/** Listens on TCP, on the loopback interface unless told otherwise. Port 0 takes a free one. */
export const openTcpDoor = (at: { host: string; port: number }, onLink: (socket: Socket) => void): Promise<Door> =>
  open(at, onLink);

function open(at: ListenOptions, onLink: (socket: Socket) => void): Promise<Door> {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, onLink);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      resolve(doorOf(server));
    });
  });
}

function doorOf(server: Server): Door {
  const address = server.address();
  const isTcp = typeof address === 'object' && address !== null;
  return {
    at: isTcp ? `${address.address}:${address.port}` : String(address),
    port: isTcp ? address.port : undefined,
    close: () => void server.close(),
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}
