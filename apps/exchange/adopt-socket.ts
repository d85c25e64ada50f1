import { Socket, type SocketConstructorOpts } from 'node:net';

/** Where Node keeps what a socket stands on. */
interface Handled {
  _handle?: unknown;
}

/**
 * The same connection as a socket that reads into one buffer, over and over. Node offers that (`onread`) to sockets that dial and not to
 * those that were accepted, so the accepted one hands over its handle; it must have been accepted with `pauseOnConnect`, so that nothing
 * has been read by it. It ends with the new one, and its server counts its connections rightly.
 */
export function adopt(accepted: Socket, buffer: Uint8Array, onRead: (count: number) => void): Socket {
  const handled: Handled & Socket = accepted;
  const options = {
    handle: handled._handle,
    onread: {
      buffer,
      callback: (count: number) => {
        onRead(count);
        return true;
      },
    },
  };
  handled._handle = null;
  const socket = new Socket(options as SocketConstructorOpts);
  socket.once('close', () => accepted.destroy());
  return socket;
}
