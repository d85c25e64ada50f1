import { createServer } from 'node:net';

/**
 * @param {number} port 0 asks for any free one
 * @returns {Promise<number>} the port, when nothing else listens on it at 127.0.0.1
 */
function tryPort(port) {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => {
      const { port: bound } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(bound));
    });
  });
}

/** @returns {Promise<number>} a port of 127.0.0.1 that was free a moment ago */
export const freePort = () => tryPort(0);

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether we could listen on it now
 */
export const isPortFree = (port) =>
  tryPort(port).then(
    () => true,
    () => false,
  );
