/** The world outside of the platform as the demo needs it: chains, bank, card processor; reached as their own users reach them. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PatientClient } from './patient-client.mjs';

const POLL_MS = 250;

/**
 * @typedef {object} Outside
 * @property {(method: string, ...params: unknown[]) => Promise<any>} bitcoin a call of the node's JSON-RPC
 * @property {(method: string, ...params: unknown[]) => Promise<any>} ethereum
 * @property {PatientClient} bank
 * @property {PatientClient} card
 */

/**
 * @param {Record<string, string>} values the environment of the run
 * @returns {Outside}
 */
export function outsideOf(values) {
  return {
    bitcoin: jsonRpc(values.BITCOIN_RPC_URL ?? ''),
    ethereum: jsonRpc(values.ETHEREUM_RPC_URL ?? ''),
    bank: new PatientClient(values.BANK_URL ?? '', { token: () => values.BANK_API_KEY }),
    card: new PatientClient(values.CARD_URL ?? '', { token: () => values.CARD_API_KEY }),
  };
}

function jsonRpc(address) {
  const { username, password, origin, pathname } = new URL(address);
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  return async (method, ...params) => {
    const response = await fetch(`${origin}${pathname}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(username ? { authorization } : {}) },
      body: JSON.stringify({ jsonrpc: '2.0', id: randomUUID(), method, params }),
      signal: AbortSignal.timeout(30_000),
    });
    /** @type {any} */
    const answer = await response.json();
    if (answer.error) throw new Error(`${method}: ${answer.error.message} (${answer.error.code})`);
    return answer.result;
  };
}

/**
 * Asks until the answer is what is waited for.
 * @template T
 * @param {string} what for the message when the time is over
 * @param {() => Promise<T | undefined | null | false>} ask
 * @param {number} [withinMs]
 * @returns {Promise<T>}
 */
export async function eventually(what, ask, withinMs = 120_000) {
  for (const deadline = Date.now() + withinMs; ; await sleep(POLL_MS)) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
  }
}
