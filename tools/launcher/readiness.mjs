/** Ways to ask a process whether it can do its work. Each resolves to true or false and takes at most two seconds. */
import { connect } from 'node:net';

const ANSWERS_WITHIN_MS = 2_000;

/** @param {string} url expected to answer 2xx */
export const httpOk = (url) => async () => {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
};

/**
 * @param {string} url may carry `user:password@`
 * @param {string} method without parameters
 */
export const jsonRpc = (url, method) => async () => {
  const { username, password, origin, pathname } = new URL(url);
  const headers = { 'content-type': 'application/json' };
  if (username) headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  try {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] });
    const signal = AbortSignal.timeout(ANSWERS_WITHIN_MS);
    const response = await fetch(`${origin}${pathname}`, { method: 'POST', headers, body, signal });
    /** @type {any} */
    const answer = await response.json();
    return response.ok && answer.error == null;
  } catch {
    return false;
  }
};

/** @param {string | { host: string, port: number }} address a Unix socket's path, or host and port */
export const accepts = (address) => () =>
  new Promise((resolve) => {
    const socket = typeof address === 'string' ? connect(address) : connect(address);
    const settle = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(ANSWERS_WITHIN_MS, () => settle(false));
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
