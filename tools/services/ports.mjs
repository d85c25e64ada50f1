import { randomInt } from 'node:crypto';
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

/** Above what services have for their own, and below what systems give to outgoing connections, one of which could have it by the time it is used. */
const [FIRST, LAST] = [10_240, 32_767];

/** @type {Set<number>} */
const given = new Set();

/** @returns {Promise<number>} a port of 127.0.0.1 that was free a moment ago, and another one each time */
export async function freePort() {
  for (;;) {
    const port = randomInt(FIRST, LAST + 1);
    if (given.has(port) || !(await isPortFree(port))) continue;
    given.add(port);
    return port;
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>} whether we could listen on it now
 */
export const isPortFree = (port) =>
  tryPort(port).then(
    () => true,
    () => false,
  );
