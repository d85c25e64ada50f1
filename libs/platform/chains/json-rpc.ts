import { type Secret } from '@base/config';
import { counter, histogram } from '@base/observability';
import { z } from 'zod';
import { ChainUnavailable } from './chain.js';

/** An error that the node gave in answer to a call; its text stays inside this library. */
export class NodeRefusal extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

export interface JsonRpcOptions {
  readonly url: Secret;
  readonly chain: string;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
}

const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;
const BREAKER_AFTER = 5;
const BREAKER_OPEN_MS = 1_000;

const calls = counter({
  name: 'strongroom_chains_rpc_calls_total',
  help: 'Calls to nodes by outcome',
  labels: ['chain', 'outcome'],
});
const seconds = histogram({ name: 'strongroom_chains_rpc_seconds', help: 'Calls to nodes', labels: ['chain'] });

const envelope = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).nullish(),
});

/**
 * Calls to a node over HTTP: bounded in time and size, checked for shape, and stopped for a second after five failures in a row, so that a dead node
 * costs its callers nothing.
 */
export class JsonRpc {
  readonly #endpoint: string;
  readonly #headers: Record<string, string>;
  readonly #chain: string;
  readonly #timeoutMs: number;
  readonly #maxBytes: number;
  #id = 0;
  #failures = 0;
  #openUntil = 0;

  constructor(options: JsonRpcOptions) {
    const url = new URL(options.url.reveal());
    const credentials = url.username ? Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64') : undefined; // prettier-ignore
    url.username = '';
    url.password = '';
    this.#endpoint = url.href;
    this.#headers = {
      'content-type': 'application/json',
      ...(credentials ? { authorization: `Basic ${credentials}` } : {}),
    };
    this.#chain = options.chain;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
  }

  /**
   * @param exact fields whose numbers come as text, because a double cannot hold them
   * @throws NodeRefusal (the node said no), ChainUnavailable (no sensible answer)
   */
  async call<Schema extends z.ZodType>(
    method: string,
    params: readonly unknown[],
    schema: Schema,
    exact: readonly string[] = [],
  ): Promise<z.infer<Schema>> {
    if (performance.now() < this.#openUntil) throw new ChainUnavailable(`the ${this.#chain} node is not answering`);
    const stop = seconds.startTimer({ chain: this.#chain });
    try {
      const text = await this.#post(JSON.stringify({ jsonrpc: '2.0', id: (this.#id += 1), method, params }));
      const result = this.#read(text, method, schema, exact);
      this.#failures = 0;
      calls.inc({ chain: this.#chain, outcome: 'answered' });
      return result;
    } catch (error) {
      if (error instanceof NodeRefusal) {
        this.#failures = 0;
        calls.inc({ chain: this.#chain, outcome: 'refused' });
        throw error;
      }
      calls.inc({ chain: this.#chain, outcome: 'failed' });
      this.#failures += 1;
      if (this.#failures >= BREAKER_AFTER) this.#openUntil = performance.now() + BREAKER_OPEN_MS;
      throw error instanceof ChainUnavailable
        ? error
        : new ChainUnavailable(`the ${this.#chain} node did not answer`, { cause: error });
    } finally {
      stop();
    }
  }

  async #post(body: string): Promise<string> {
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      headers: this.#headers,
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).length;
      if (bytes > this.#maxBytes) throw new ChainUnavailable(`the ${this.#chain} node's answer is too large`);
      chunks.push(chunk as Uint8Array);
    }
    return Buffer.concat(chunks).toString();
  }

  #read<Schema extends z.ZodType>(
    text: string,
    method: string,
    schema: Schema,
    exact: readonly string[],
  ): z.infer<Schema> {
    const answer = envelope.safeParse(parse(quoteNumbers(text, exact)));
    if (!answer.success) throw new ChainUnavailable(`the ${this.#chain} node's answer to ${method} is not JSON-RPC`);
    if (answer.data.error) throw new NodeRefusal(answer.data.error.code, answer.data.error.message.slice(0, 500));
    const result = schema.safeParse(answer.data.result);
    if (!result.success)
      throw new ChainUnavailable(`the ${this.#chain} node's answer to ${method} has an unknown shape`);
    return result.data;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Turns the numbers of the named fields into strings. Inside a JSON string the quotes would be escaped, so nothing else matches. */
function quoteNumbers(text: string, fields: readonly string[]): string {
  if (fields.length === 0) return text;
  return text.replace(new RegExp(`("(?:${fields.join('|')})"\\s*:\\s*)(-?[0-9]+(?:\\.[0-9]+)?)`, 'g'), '$1"$2"');
}
