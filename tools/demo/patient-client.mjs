/**
 * A caller as callers should be: what did not answer is asked again with the same Idempotency-Key, until it answers or patience
 * ends. Only Node's own modules.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const ANSWERS_WITHIN_MS = 15_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;
// The process is restarting, overloaded or another request with the key is still at work.
const ASK_AGAIN = new Set([429, 502, 503, 504]);

export class ApiProblem extends Error {
  /**
   * @param {string} request
   * @param {number} status
   * @param {any} body
   */
  constructor(request, status, body) {
    super(`${request} answered ${status} ${body?.code ?? ''}: ${body?.detail ?? body?.title ?? JSON.stringify(body)}`);
    this.status = status;
    this.code = body?.code;
    this.body = body;
  }
}

export class PatientClient {
  #base;
  #patienceMs;
  /** @type {() => string | undefined} */
  #token;
  /** @type {Readonly<Record<string, string>>} */
  #headers;

  /**
   * @param {string} base URL
   * @param {{ patienceMs?: number, token?: () => string | undefined, headers?: Readonly<Record<string, string>> }} [options] `patienceMs`: how long one call may
   *   take with its repetitions
   */
  constructor(base, { patienceMs = 60_000, token = () => undefined, headers = {} } = {}) {
    this.#base = base;
    this.#patienceMs = patienceMs;
    this.#token = token;
    this.#headers = headers;
  }

  /** @param {string} path */
  get(path) {
    return this.call('GET', path);
  }

  /**
   * @param {string} path
   * @param {object} [body]
   * @param {string} [key] the Idempotency-Key; a new one by default
   */
  post(path, body, key) {
    return this.call('POST', path, body, key);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {string} [key]
   * @returns {Promise<any>} the answer's body
   * @throws {ApiProblem} for an answer of 4xx or 5xx that asking again would not change
   */
  async call(method, path, body, key = randomUUID()) {
    const deadline = Date.now() + this.#patienceMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      const answer = await this.#ask(method, path, body, key);
      if (answer.status !== undefined && !ASK_AGAIN.has(answer.status)) {
        if (answer.status < 400) return answer.body;
        throw new ApiProblem(`${method} ${path}`, answer.status, answer.body);
      }
      if (Date.now() > deadline)
        throw new ApiProblem(`${method} ${path}`, answer.status ?? 0, answer.body ?? { detail: answer.why });
      await sleep(pauseMs);
    }
  }

  /** @returns {Promise<{ status?: number, body?: any, why?: string }>} without a status when nothing answered */
  async #ask(method, path, body, key) {
    /** @type {Record<string, string>} */
    const headers = { accept: 'application/json', ...this.#headers };
    const token = this.#token();
    if (token) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (method !== 'GET') headers['idempotency-key'] = key;
    try {
      const response = await fetch(`${this.#base}${path}`, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: AbortSignal.timeout(ANSWERS_WITHIN_MS),
      });
      const text = await response.text();
      return { status: response.status, body: text ? parse(text) : undefined };
    } catch (error) {
      return { why: error.cause?.code ?? error.message };
    }
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
